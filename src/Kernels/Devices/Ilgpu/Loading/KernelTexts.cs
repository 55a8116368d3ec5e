using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.IR.Types;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

/// <summary>
/// The generated text of kernels, PTX or OpenCL C, cached on disk because compiling takes most of a cold start. A kernel from
/// disk becomes an ordinary <see cref="CompiledKernel"/> again. ILGPU's CPU accelerator has no text, so nothing is cached for it.
/// </summary>
internal sealed class KernelTexts(Accelerator accelerator, KernelCache cache)
{
    private readonly string? target = Target(accelerator);
    private int compiled;

    /// <summary>Note for the user: how many kernels had to be compiled; null if all were on disk.</summary>
    public string? Note => compiled == 0 ? null : FormattableString.Invariant($"{compiled} compiled; {(cache.Refusal is { } refusal ? $"not cached for the next start: {refusal}" : "the next start finds them on disk")}");

    /// <summary>Looks for a kernel on disk. The returned function, which may run on any thread, prepares it for the driver, compiling if necessary.</summary>
    public Func<CompiledKernel> Find(KernelKey key)
    {
        if (target is null)
            return () => accelerator.CompileKernel(key.Entry, key.Specialization);
        string kind = accelerator is CudaAccelerator ? "ptx" : "cl", origin = key.Origin(target);
        if (cache.Read(kind, origin) is { } known)
            return () => FromText(key, known);
        compiled++;
        return () =>
        {
            string text = KernelCompiler.Compile(accelerator is CudaAccelerator cuda ? cuda.Backend : ((CLAccelerator)accelerator).Backend, key);
            cache.Write(kind, origin, text);
            return FromText(key, text);
        };
    }

    private CompiledKernel FromText(KernelKey key, string text)
    {
        // The default: shared memory is allocated only inside kernels, never by a launch.
        if (accelerator is CudaAccelerator)
            return NewPtxKernel(accelerator.Context, new EntryPoint(key.Entry, default, key.Specialization), null, text);
        using var types = new TypeInformationManager();
        var point = new SeparateViewEntryPoint(key.Entry, default, key.Specialization, types, ViewFields);
        return new CLCompiledKernel(accelerator.Context, point, null, text, ((CLAccelerator)accelerator).Backend.CLStdVersion);
    }

    // ILGPU passes a view to an OpenCL kernel as a buffer, an offset and a length: two fields beside the buffer.
    private const int ViewFields = 2;

    // The constructor is internal to ILGPU and only stores its arguments. A test fails if a version lacks it.
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern PTXCompiledKernel NewPtxKernel(Context context, EntryPoint entryPoint, CompiledKernel.KernelInfo? info, string text);

    // What the text depends on besides the kernel.
    private static string? Target(Accelerator accelerator) => accelerator switch
    {
        CudaAccelerator cuda => $"ptx|{cuda.Architecture}|{cuda.InstructionSet}|{accelerator.Context.Properties.OptimizationLevel}|{Version}",
        CLAccelerator cl => $"cl|{cl.Name}|{cl.Vendor}|{cl.PlatformName}|{cl.PlatformVersion}|{cl.Backend.CLStdVersion}|{cl.WarpSize}|{string.Join(',', cl.Device.Extensions)}|{accelerator.Context.Properties.OptimizationLevel}|{Version}",
        _ => null,
    };

    private static string Version { get; } = $"{typeof(Context).Assembly.GetCustomAttribute<AssemblyFileVersionAttribute>()?.Version}|{CanonicalText.Version}";
}
