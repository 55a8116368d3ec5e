using ILGPU;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

/// <summary>Compiles kernels to PTX on a machine without a CUDA device, for tests and for reading.</summary>
internal sealed class KernelInspection : IDisposable
{
    private readonly Context context;
    private readonly PTXBackend backend;

    /// <param name="capability">The compute capability: 80 for 8.0.</param>
    /// <param name="configure">Changes ILGPU's settings, for tests.</param>
    public KernelInspection(int capability = 80, Action<Context.Builder>? configure = null)
    {
        context = IlgpuContext.Create(configure ?? (static _ => { }));
        var architecture = new CudaArchitecture(capability / 10, capability % 10);
        // The PTX ISA for a driver of CUDA 11.1, or of CUDA 11.8 for capability 8.9 and newer.
        backend = new PTXBackend(context, architecture, capability >= 89 ? CudaInstructionSet.ISA_78 : CudaInstructionSet.ISA_71, null!);
    }

    /// <summary>The PTX that a device gets.</summary>
    public string Ptx(KernelKey key) => KernelCompiler.Compile(backend, key);

    public void Dispose()
    {
        backend.Dispose();
        context.Dispose();
    }
}
