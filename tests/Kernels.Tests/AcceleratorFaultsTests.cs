using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Loading;
using ILGPU;
using ILGPU.Runtime.OpenCL;

namespace GpuGrad.Kernels.Tests;

/// <summary>What the user sees of an error that ILGPU or a driver reports: one line, with the right exit code.</summary>
public sealed class AcceleratorFaultsTests : IDisposable
{
    private readonly IlgpuDevice device = (IlgpuDevice)DeviceCatalog.Open("emulated");

    [Theory]
    [InlineData(CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE, 0)]
    [InlineData(CLError.CL_OUT_OF_HOST_MEMORY, 0)]
    [InlineData(CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE, 1 << 20)]
    [InlineData(CLError.CL_OUT_OF_RESOURCES, 1 << 20)] // as some drivers say it of a buffer
    [InlineData(CLError.CL_INVALID_BUFFER_SIZE, 1 << 20)]
    public void A_lack_of_memory_is_a_fault_of_memory(CLError error, long bytes)
    {
        var fault = Assert.IsType<OutOfDeviceMemoryException>(AcceleratorFaults.Translate(device, "arena", new CLException(error), bytes));
        Assert.Equal(Fault.Memory, fault.Fault);
        Assert.Equal(bytes, fault.Bytes);
    }

    [Theory]
    [InlineData(CLError.CL_DEVICE_NOT_AVAILABLE)]
    [InlineData(CLError.CL_OUT_OF_RESOURCES)] // of a launch: what NVIDIA answers after an illegal access
    [InlineData(CLError.CL_INVALID_COMMAND_QUEUE)]
    public void A_lost_device_is_distinguished_from_a_failed_call(CLError error)
    {
        GpuGradException fault = AcceleratorFaults.Translate(device, "a launch", new CLException(error))!;
        Assert.Equal(Fault.Device, fault.Fault);
        Assert.Equal($"emulated was lost during a launch: {error}. Nothing more can be read from it; `gpugrad resume` continues from the last checkpoint.", fault.Message);
    }

    [Fact]
    public void A_kernel_that_cannot_be_built_is_named_with_the_cause_within()
    {
        var compiler = new InternalCompilerException("An internal compiler error has been detected", new NotSupportedException("no\nsuch thing."));
        GpuGradException refused = AcceleratorFaults.Translate(device, "a launch", new KernelBuildException("MapKernels.Apply<Relu>", compiler))!;
        Assert.Equal((Fault.Device, "emulated could not build kernel 'MapKernels.Apply<Relu>': no such thing"), (refused.Fault, refused.Message));
        GpuGradException failed = AcceleratorFaults.Translate(device, "a launch", new KernelBuildException("MapKernels.Fill", new CLException(CLError.CL_BUILD_PROGRAM_FAILURE)))!;
        Assert.Equal((Fault.Device, "emulated could not build kernel 'MapKernels.Fill': CL_BUILD_PROGRAM_FAILURE"), (failed.Fault, failed.Message));
    }

    [Fact]
    public void An_error_that_is_not_a_devices_passes_unchanged() => Assert.Null(AcceleratorFaults.Translate(device, "a launch", new InvalidOperationException("x")));

    public void Dispose() => device.Dispose();
}
