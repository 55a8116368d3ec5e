using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Values;

namespace GpuGrad.Kernels.Numerics;

/// <summary>
/// a·b + c with a single rounding, on every device. ILGPU itself emits a multiplication and an addition, which the driver may or may not
/// fuse; here it emits <c>fma.rn.f32</c> (CUDA) or <c>fma</c> (OpenCL), which always round once.
/// </summary>
internal static class FusedMultiplyAdd
{
    [IntrinsicImplementation]
    public static float Of(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c); // run on the host and by ILGPU's CPU accelerator

    public static void Register(Context.Builder builder)
    {
        IntrinsicImplementationManager manager = builder.GetIntrinsicManager();
        MethodInfo method = typeof(FusedMultiplyAdd).GetMethod(nameof(Of))!;
        manager.RegisterMethod(method, new PTXIntrinsic(typeof(FusedMultiplyAdd), nameof(Ptx), IntrinsicImplementationMode.GenerateCode));
        manager.RegisterMethod(method, new CLIntrinsic(typeof(FusedMultiplyAdd), nameof(OpenCL), IntrinsicImplementationMode.GenerateCode));
    }

    private static void Ptx(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        var a = generator.LoadPrimitive(call[0]);
        var b = generator.LoadPrimitive(call[1]);
        var c = generator.LoadPrimitive(call[2]);
        var result = generator.AllocateHardware(value);
        using PTXCodeGenerator.CommandEmitter command = generator.BeginCommand("fma.rn.f32");
        command.AppendArgument(result);
        command.AppendArgument(a);
        command.AppendArgument(b);
        command.AppendArgument(c);
    }

    private static void OpenCL(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        VariableAllocator.Variable result = generator.Allocate(value);
        using CLCodeGenerator.StatementEmitter statement = generator.BeginStatement(result);
        statement.AppendCommand("fma");
        statement.BeginArguments();
        foreach (Value argument in call)
            statement.AppendArgument(generator.Load(argument));
        statement.EndArguments();
    }
}
