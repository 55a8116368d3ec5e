using System.Globalization;

namespace ILGPU.Runtime.OpenCL;

/// <summary>An error of an OpenCL driver: the message names call, error, and the kernel with its shape where there is one.</summary>
public sealed class CLException : AcceleratorException
{
    internal CLException(int code, string message) : base(message) => Error = ClErrors.Name(code);

    /// <summary>The name of the error, CL_...</summary>
    public string Error { get; }
    public override AcceleratorType AcceleratorType => AcceleratorType.OpenCL;
}

internal static class ClErrors
{
    public const int InvalidBufferSize = -61;

    private static readonly Dictionary<int, string> Names = new()
    {
        [-1] = "CL_DEVICE_NOT_FOUND",
        [-2] = "CL_DEVICE_NOT_AVAILABLE",
        [-3] = "CL_COMPILER_NOT_AVAILABLE",
        [-4] = "CL_MEM_OBJECT_ALLOCATION_FAILURE",
        [-5] = "CL_OUT_OF_RESOURCES",
        [-6] = "CL_OUT_OF_HOST_MEMORY",
        [-7] = "CL_PROFILING_INFO_NOT_AVAILABLE",
        [-11] = "CL_BUILD_PROGRAM_FAILURE",
        [-14] = "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST",
        [-30] = "CL_INVALID_VALUE",
        [-33] = "CL_INVALID_DEVICE",
        [-34] = "CL_INVALID_CONTEXT",
        [-36] = "CL_INVALID_COMMAND_QUEUE",
        [-38] = "CL_INVALID_MEM_OBJECT",
        [-42] = "CL_INVALID_BINARY",
        [-44] = "CL_INVALID_PROGRAM",
        [-45] = "CL_INVALID_PROGRAM_EXECUTABLE",
        [-46] = "CL_INVALID_KERNEL_NAME",
        [-48] = "CL_INVALID_KERNEL",
        [-49] = "CL_INVALID_ARG_INDEX",
        [-50] = "CL_INVALID_ARG_VALUE",
        [-51] = "CL_INVALID_ARG_SIZE",
        [-52] = "CL_INVALID_KERNEL_ARGS",
        [-53] = "CL_INVALID_WORK_DIMENSION",
        [-54] = "CL_INVALID_WORK_GROUP_SIZE",
        [-55] = "CL_INVALID_WORK_ITEM_SIZE",
        [-58] = "CL_INVALID_EVENT",
        [-61] = "CL_INVALID_BUFFER_SIZE",
    };

    public static string Name(int code) => Names.TryGetValue(code, out string? name) ? name : code.ToString(CultureInfo.InvariantCulture);

    public static bool IsOutOfMemory(int code) => code is -4 or -5 or -6;

    /// <summary>Not available, context or queue gone, a command that failed while running, and a vendor's "illegal access".</summary>
    private static bool IsLost(int code) => code is -2 or -14 or -34 or -36 or -9999;

    public static Exception Create(int code, string call, string? context)
    {
        string message = string.Create(CultureInfo.InvariantCulture, $"{call} failed: {Name(code)} ({code}){(context == null ? "" : ", " + context)}.");
        CLException error = new(code, message);
        // Buffers are often made only when they are first used.
        if (code is -4 or -6)
            return new Bundled.DeviceOutOfMemoryException(AcceleratorType.OpenCL, 0, null, 0, error);
        return IsLost(code) ? new Bundled.DeviceLostException(AcceleratorType.OpenCL, $"The OpenCL device is lost: {message}", error) : error;
    }
}
