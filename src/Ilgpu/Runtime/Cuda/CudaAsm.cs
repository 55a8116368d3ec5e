namespace ILGPU.Runtime.Cuda;

/// <summary>
/// PTX inside C#: %0, %1, … stand for the arguments in order, %% for a per cent sign. Ask <see cref="IsSupported"/> first: it is a
/// constant of the compilation, so for other devices the assembly is not there at all.
/// </summary>
public static partial class CudaAsm
{
    public static bool IsSupported => false;

    public static void Emit(string asm) => throw OnHost();

    private static NotSupportedException OnHost() => new("CudaAsm works in kernels on CUDA devices only; ask CudaAsm.IsSupported first.");
}

/// <summary>What <see cref="CudaAsm.EmitRef{T0}"/> takes.</summary>
public interface ICudaAsmEmitParameter;

/// <summary>An operand that the assembly reads.</summary>
public struct Input<T> : ICudaAsmEmitParameter where T : struct
{
    public T Value;
    public static implicit operator Input<T>(T v) => new() { Value = v };
}

/// <summary>An operand that the assembly writes.</summary>
public struct Output<T> : ICudaAsmEmitParameter where T : struct
{
    public T Value;
}

/// <summary>An operand that the assembly reads and writes.</summary>
public struct Ref<T> : ICudaAsmEmitParameter where T : struct
{
    public T Value;
    public static implicit operator Ref<T>(T v) => new() { Value = v };
}
