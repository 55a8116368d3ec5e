using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>
/// CUDA without a GPU: accelerators whose kernels are compiled to PTX, which an interpreter runs. They are ordinary
/// <see cref="CudaAccelerator"/>s, so whatever launches kernels runs on them unchanged.
/// </summary>
public static class PtxInterpreter
{
    /// <summary>Adds the interpreted devices: first one of compute capability 8.0, then one of 5.0.</summary>
    public static Context.Builder Interpreted(this Context.Builder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Registry.AddRange(CudaDevice.GetDevices(InterpretedDriver.Driver, static _ => true));
        return builder;
    }

    /// <summary>A context with an accelerator of compute capability 8.0 or 5.0; disposing the context disposes both.</summary>
    public static CudaAccelerator Create(int capability = 80, Action<Context.Builder>? configure = null)
    {
        Context context = Context.Create(b =>
        {
            b.Interpreted();
            configure?.Invoke(b);
        });
        return context.CreateCudaAccelerator(capability == 80 ? 0 : capability == 50 ? 1 : throw new ArgumentOutOfRangeException(nameof(capability)));
    }

    /// <summary>Kernels launched on all interpreted devices so far.</summary>
    public static long Launches => Interlocked.Read(ref InterpretedDriver.Launches);

    /// <summary>Checks PTX text as far as ptxas would; throws <see cref="PtxSyntaxException"/>.</summary>
    public static void Verify(string ptx) => PtxDecoder.Decode(ptx);

    /// <summary>Tests keep their compiled kernels apart from the user's.</summary>
#pragma warning disable CA2255 // Meant for programs: this library is part of test programs, and this must run before a kernel is built.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void UseOwnCache()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("GPUGRAD_CACHE")))
            Environment.SetEnvironmentVariable("GPUGRAD_CACHE", Path.Combine(Path.GetTempPath(), "gpugrad-tests"));
    }
}
