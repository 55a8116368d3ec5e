namespace GpuGrad.Kernels.Devices;

/// <summary>Thrown if a device lacks the memory for a buffer. Nothing was allocated; earlier buffers are unchanged.</summary>
/// <param name="device">The device's name in messages: <c>this machine</c>, <c>cuda:0</c>.</param>
/// <param name="buffer">What the memory was for.</param>
/// <param name="bytes">Bytes requested.</param>
/// <param name="free">Bytes available; negative if the device cannot tell.</param>
/// <param name="total">Bytes that the device has in total.</param>
/// <param name="inner">The driver's error.</param>
public sealed class OutOfDeviceMemoryException(string device, string buffer, long bytes, long free, long total, Exception? inner = null)
    : GpuGradException(Fault.Memory, Text(device, buffer, bytes, free, total), inner)
{
    /// <summary>What the memory was for.</summary>
    public string Buffer { get; } = buffer;

    /// <summary>Bytes requested.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>Bytes available; negative if the device cannot tell.</summary>
    public long Free { get; } = free;

    /// <summary>Bytes that the device has in total.</summary>
    public long Total { get; } = total;

    /// <summary>A size as shown in messages.</summary>
    public static string MiB(long bytes) => FormattableString.Invariant($"{bytes / 1048576.0:F1} MiB");

    private static string Text(string device, string buffer, long bytes, long free, long total) =>
        $"out of memory: '{buffer}' needs {MiB(bytes)}; {device} has {(free < 0 ? "" : $"{MiB(free)} free of ")}{MiB(total)}";
}
