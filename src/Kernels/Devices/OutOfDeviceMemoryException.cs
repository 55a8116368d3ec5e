namespace GpuGrad.Kernels.Devices;

/// <summary>A device lacks the memory for a buffer. Nothing was allocated; earlier buffers are unchanged.</summary>
/// <param name="device">Its name in words: <c>this machine</c>, <c>cuda:0</c>.</param>
/// <param name="buffer">What the memory was for.</param>
/// <param name="bytes">What it asked for.</param>
/// <param name="free">Bytes that could have been had; negative where the device does not tell.</param>
/// <param name="total">Bytes that the device has in all.</param>
/// <param name="inner">What the driver said.</param>
public sealed class OutOfDeviceMemoryException(string device, string buffer, long bytes, long free, long total, Exception? inner = null)
    : GpuGradException(Fault.Memory, Text(device, buffer, bytes, free, total), inner)
{
    /// <summary>What the memory was for.</summary>
    public string Buffer { get; } = buffer;

    /// <summary>What it asked for.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>Bytes that could have been had; negative where the device does not tell.</summary>
    public long Free { get; } = free;

    /// <summary>Bytes that the device has in all.</summary>
    public long Total { get; } = total;

    /// <summary>A size as messages give it.</summary>
    public static string MiB(long bytes) => FormattableString.Invariant($"{bytes / 1048576.0:F1} MiB");

    private static string Text(string device, string buffer, long bytes, long free, long total) =>
        $"out of memory: '{buffer}' needs {MiB(bytes)}; {device} has {(free < 0 ? "" : $"{MiB(free)} free of ")}{MiB(total)}";
}
