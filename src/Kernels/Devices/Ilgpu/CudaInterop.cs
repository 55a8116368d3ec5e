using ILGPU.Runtime.Cuda;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>What another CUDA library needs to know of a device to work on its memory: the context, the stream and addresses.</summary>
public sealed class CudaInterop
{
    private readonly IlgpuDevice device;
    private readonly CudaAccelerator accelerator;

    private CudaInterop(IlgpuDevice device, CudaAccelerator accelerator) => (this.device, this.accelerator) = (device, accelerator);

    /// <summary>Null for a device that is not CUDA's.</summary>
    public static CudaInterop? Of(Device device) => device is IlgpuDevice { Accelerator: CudaAccelerator accelerator } cuda ? new CudaInterop(cuda, accelerator) : null;

    /// <summary>The <c>CUstream</c> to which all work of the device goes, in order.</summary>
    public nint Stream => ((CudaStream)device.Loader.Stream).StreamPtr;

    /// <summary>Makes the device's context the current one of this thread, as calls of other libraries expect.</summary>
    public void Bind() => accelerator.Bind();

    /// <summary>Address of a buffer's first byte in the device's memory.</summary>
    /// <param name="buffer">A buffer of this device.</param>
    public nint AddressOf(DeviceBuffer buffer) => ((IlgpuBuffer)buffer).Address;
}
