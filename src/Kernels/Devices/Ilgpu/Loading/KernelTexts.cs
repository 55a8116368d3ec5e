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
/// What ILGPU makes of a kernel: PTX or OpenCL C, kept on disk, because compiling is most of what a cold start spends. A kernel from
/// disk is an ordinary <see cref="CompiledKernel"/> again. On ILGPU's CPU accelerator there is no text, and nothing is kept.
/// </summary>
internal sealed class KernelTexts(Accelerator accelerator, KernelCache cache)
{
    private readonly string? target = Target(accelerator);
    private int compiled;

    /// <summary>How many had to be compiled, for the user; null where all were on disk.</summary>
    public string? Note => compiled == 0 ? null : FormattableString.Invariant($"{compiled} compiled; {(cache.Refusal is { } refusal ? $"not kept for the next start: {refusal}" : "the next start finds them on disk")}");

    /// <summary>Looks for a kernel on disk; what comes back makes it ready for the driver, on any thread.</summary>
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
        // Shared memory is allocated inside of kernels only, never by a launch: the default says so.
        if (accelerator is CudaAccelerator)
            return NewPtxKernel(accelerator.Context, new EntryPoint(key.Entry, default, key.Specialization), null, text);
        using var types = new TypeInformationManager();
        var point = new SeparateViewEntryPoint(key.Entry, default, key.Specialization, types, ViewFields);
        return new CLCompiledKernel(accelerator.Context, point, null, text, ((CLAccelerator)accelerator).Backend.CLStdVersion);
    }

    // ILGPU passes a view to an OpenCL kernel as a buffer, an offset and a length: two fields beside the buffer.
    private const int ViewFields = 2;

    // The constructor is internal to ILGPU; it only stores its arguments. A version without it fails in the tests, not at a user's.
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
