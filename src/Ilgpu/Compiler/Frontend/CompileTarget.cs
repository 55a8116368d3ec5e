using ILGPU.Runtime;

namespace ILGPU.Compiler.Frontend;

/// <summary>What a kernel is compiled for, as far as its meaning depends on it.</summary>
internal sealed record CompileTarget(AcceleratorType Type, int WarpSize)
{
    /// <summary>CUDA: compute capability times ten.</summary>
    public int Architecture { get; init; }
    public MathMode MathMode { get; init; }

    /// <summary>Atomic addition of floats is an instruction of CUDA devices; doubles from compute capability 6.0 on.</summary>
    public bool HasAtomicAdd(Type type) =>
        Type == AcceleratorType.Cuda && (type == typeof(float) || type == typeof(double) && Architecture >= 60);
}

/// <summary>How the first parameter of a kernel is made.</summary>
internal enum KernelForm
{
    /// <summary>All parameters are arguments.</summary>
    Explicit,
    /// <summary>The first parameter is the thread's index; the launch passes the extent in its place.</summary>
    Implicit,
}
