using System.Text;

namespace ILGPU.Runtime.Cuda;

/// <summary>An error of the CUDA driver: the message names call, error, and the kernel with its shape where there is one.</summary>
public sealed class CudaException : AcceleratorException
{
    internal CudaException(string error, string message) : base(message) => Error = error;

    /// <summary>The driver's name of the error, CUDA_ERROR_...</summary>
    public string Error { get; }
    public override AcceleratorType AcceleratorType => AcceleratorType.Cuda;
}

internal static class CudaErrors
{
    public const int OutOfMemory = 2;

    /// <summary>After one of these the context answers every call with the same error until the process ends.</summary>
    private static bool IsSticky(int code) => code is 46 or 214 or 700 or 702 or 709 or 710 or (>= 714 and <= 719) or 999;

    public static Exception Create(CudaDriver driver, int code, string call, string? context, string? detail)
    {
        string name = driver.ErrorName(code);
        StringBuilder message = new($"{call} failed: {name} ({code})");
        if (context != null)
            message.Append(", ").Append(context);
        message.Append('.');
        if (detail != null)
            message.Append(' ').Append(detail);
        CudaException error = new(name, message.ToString());
        if (code == OutOfMemory)
        {
            (long free, long total) = driver.MemoryInfo();
            return new Bundled.DeviceOutOfMemoryException(AcceleratorType.Cuda, 0, free, total, error);
        }
        return IsSticky(code) ? new Bundled.DeviceLostException(AcceleratorType.Cuda, $"The CUDA device is lost: {message}", error) : error;
    }
}
