using GpuGrad.Kernels.Devices.Ilgpu.Loading;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>ILGPU's and the drivers' errors as errors that the user can act on.</summary>
internal static class AcceleratorFaults
{
    /// <param name="device">Where it happens.</param>
    /// <param name="what">What is done, for the message: a buffer's name, "a launch".</param>
    /// <param name="bytes">Memory it asks for.</param>
    /// <param name="body">Does it.</param>
    public static T Guard<T>(IlgpuDevice device, string what, long bytes, Func<T> body)
    {
        try
        {
            return body();
        }
        catch (Exception e) when (Translate(device, what, e, bytes) is { } fault)
        {
            throw fault;
        }
    }

    /// <summary>Null unless the device failed.</summary>
    public static GpuGradException? Translate(IlgpuDevice device, string what, Exception error, long bytes = 0) => error switch
    {
        KernelBuildException e => (e.InnerException is { } cause && IsOutOfMemory(cause, bytes) ? OutOfMemory(device, $"kernel {e.Kernel}", bytes, e) : null)
            ?? new GpuGradException(Fault.Device, $"{device.Id} could not build kernel '{e.Kernel}': {OneLine(e.InnerException ?? e)}", e),
        AcceleratorException e when IsOutOfMemory(e, bytes) => OutOfMemory(device, what, bytes, e),
        AcceleratorException e when IsLost(e) => new GpuGradException(Fault.Device, $"{device.Id} was lost during {what}: {OneLine(e)}. Nothing more can be read from it; `gpugrad resume` continues from the last checkpoint.", e),
        AcceleratorException e => new GpuGradException(Fault.Device, $"{device.Id} failed in {what}: {OneLine(e)}", e),
        InternalCompilerException e => new GpuGradException(Fault.Device, $"{device.Id} failed in {what}: {OneLine(e)}", e),
        _ => null,
    };

    private static OutOfDeviceMemoryException OutOfMemory(IlgpuDevice device, string what, long bytes, Exception e) =>
        new(device.Id, what, bytes, device.FreeMemory, device.TotalMemory, e);

    // OpenCL drivers make a buffer when it is first used, and name the lack of memory in three ways.
    private static bool IsOutOfMemory(Exception error, long bytes) => error switch
    {
        CudaException e => Code(e) == CudaError.CUDA_ERROR_OUT_OF_MEMORY,
        CLException e => e.Error is CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE or CLError.CL_OUT_OF_HOST_MEMORY || (bytes > 0 && e.Error is CLError.CL_OUT_OF_RESOURCES or CLError.CL_INVALID_BUFFER_SIZE),
        _ => false,
    };

    // After one of these the driver answers every call with the same error until the process ends.
    private static bool IsLost(AcceleratorException error) => error switch
    {
        CudaException e => (int)Code(e) is 46 or 214 or 220 or 700 or 702 or 709 or 710 or (>= 714 and <= 719) or 999,
        CLException e => e.Error is CLError.CL_DEVICE_NOT_AVAILABLE or CLError.CL_OUT_OF_RESOURCES or CLError.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST
            or CLError.CL_INVALID_CONTEXT or CLError.CL_INVALID_COMMAND_QUEUE || (int)e.Error == -9999,
        _ => false,
    };

    // ILGPU keeps an error's name, and none for a number it does not know.
    private static CudaError Code(CudaException e) => Enum.TryParse(e.Error, out CudaError error) ? error : CudaError.CUDA_ERROR_UNKNOWN;

    private static string OneLine(Exception error)
    {
        Exception e = error;
        while (e is InternalCompilerException && e.InnerException is not null)
            e = e.InnerException; // the outer ones say only that a compiler failed
        string text = e switch
        {
            CudaException cuda => cuda.Error,
            CLException cl => cl.Error.ToString(),
            _ => e.Message,
        };
        return text.ReplaceLineEndings(" ").TrimEnd('.', ' ');
    }
}
