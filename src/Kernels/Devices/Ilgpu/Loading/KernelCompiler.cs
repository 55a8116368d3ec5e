using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Frontend;
using ILGPU.IR;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

/// <summary>From a method to the text that a driver gets.</summary>
internal static class KernelCompiler
{
    /// <summary>
    /// As <see cref="Backend.Compile(in ILGPU.Backends.EntryPoints.EntryPointDescription, in ILGPU.Runtime.KernelSpecialization)"/>, but in an IR
    /// of the kernel's own. In the context's, which all kernels share, what is inlined depends on what was compiled before.
    /// </summary>
    public static string Compile(Backend backend, KernelKey key)
    {
        using var ir = new IRContext(backend.Context);
        return CanonicalText.Of(backend.Compile(Translate(ir, key), key.Entry, key.Specialization) switch
        {
            PTXCompiledKernel ptx => ptx.PTXAssembly,
            CLCompiledKernel cl => cl.Source,
            CompiledKernel other => throw new NotSupportedException(other.GetType().Name),
        });
    }

    private static Method Translate(IRContext ir, KernelKey key)
    {
        using ContextCodeGenerationPhase phase = ir.Context.BeginCodeGeneration(ir); // one kernel at a time; the rest runs beside it
        CodeGenerationResult result;
        using (CodeGenerationPhase frontend = phase.BeginFrontendCodeGeneration())
            result = frontend.GenerateCode(key.Method);
        if (phase.IsFaulted)
            throw phase.LastException!;
        phase.Optimize();
        return result.Result!;
    }
}
