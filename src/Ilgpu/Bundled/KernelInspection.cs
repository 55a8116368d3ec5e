using ILGPU.Compiler.Emit;
using ILGPU.Compiler.Frontend;
using ILGPU.Runtime;

namespace ILGPU.Bundled;

/// <summary>What the compiler makes of a kernel, without a device to run it on.</summary>
public static class KernelInspection
{
    /// <summary>PTX for a compute capability (80 for 8.0). Kernels whose first parameter is an index are taken as implicitly grouped.</summary>
    public static string ToPtx(Delegate kernel, int computeCapability = 80) =>
        Compile(kernel, new CompileTarget(AcceleratorType.Cuda, 32) { Architecture = computeCapability });

    /// <summary>OpenCL C 1.2.</summary>
    public static string ToOpenCL(Delegate kernel) => Compile(kernel, new CompileTarget(AcceleratorType.OpenCL, 1));

    /// <summary>Kernels that this accelerator had to compile because the cache did not hold them.</summary>
    public static int Compiled(Accelerator accelerator)
    {
        ArgumentNullException.ThrowIfNull(accelerator);
        return accelerator.Kernels?.Assembled ?? 0;
    }

    private static string Compile(Delegate kernel, CompileTarget target)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        bool isImplicit = kernel.Method.GetParameters() is [var first, ..] && typeof(IIndex).IsAssignableFrom(first.ParameterType);
        return KernelCompiler.Compile(kernel.Method, isImplicit ? KernelForm.Implicit : KernelForm.Explicit, target, default).Text;
    }
}
