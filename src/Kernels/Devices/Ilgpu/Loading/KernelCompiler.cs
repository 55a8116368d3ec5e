using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Frontend;
using ILGPU.IR;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

/// <summary>Compiles a method to the text (PTX or OpenCL C) that a driver builds.</summary>
internal static class KernelCompiler
{
    /// <summary>
    /// Like <see cref="Backend.Compile(in ILGPU.Backends.EntryPoints.EntryPointDescription, in ILGPU.Runtime.KernelSpecialization)"/>, but in a separate
    /// IR context for each kernel. In ILGPU's shared one, inlining depends on what was compiled before.
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
        using ContextCodeGenerationPhase phase = ir.Context.BeginCodeGeneration(ir); // one kernel at a time; the rest runs in parallel
        CodeGenerationResult result;
        using (CodeGenerationPhase frontend = phase.BeginFrontendCodeGeneration())
            result = frontend.GenerateCode(key.Method);
        if (phase.IsFaulted)
            throw phase.LastException!;
        phase.Optimize();
        return result.Result!;
    }
}
