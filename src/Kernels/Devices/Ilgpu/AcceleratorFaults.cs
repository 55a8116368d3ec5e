using GpuGrad.Kernels.Devices.Ilgpu.Loading;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>Translates errors of ILGPU and the drivers into errors that a user can act on.</summary>
internal static class AcceleratorFaults
{
    /// <summary>Runs the body; throws a translated error if the device fails.</summary>
    /// <param name="device">The device used.</param>
    /// <param name="what">What the body does, for the message: a buffer's name, "a launch".</param>
    /// <param name="bytes">Bytes it allocates.</param>
    /// <param name="body">The work.</param>
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

    /// <summary>The error to report; null unless the device failed.</summary>
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

    // OpenCL drivers allocate a buffer at its first use, and have three error codes for it.
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

    // ILGPU keeps only an error's name, which is empty for codes it does not know.
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
