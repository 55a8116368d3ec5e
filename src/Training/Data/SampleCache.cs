using GpuGrad.Kernels.Devices.Host;

namespace GpuGrad.Training.Data;

/// <summary>Where samples are kept during training.</summary>
public enum SampleCache
{
    /// <summary>In memory if they take at most 384 MiB and a quarter of the free memory, else on disk.</summary>
    Auto,

    /// <summary>In memory and on the device, all of them.</summary>
    Memory,

    /// <summary>On disk, read ahead of each step; some decoded pictures are cached. For pictures, IDX and npy.</summary>
    Disk,
}

internal static class SampleCaches
{
    /// <summary>The largest set that <see cref="SampleCache.Auto"/> keeps in memory.</summary>
    public const long MostInMemory = 384L << 20;

    // The cpu device has a copy of its own besides the samples as they were read.
    private const int Copies = 4;

    /// <summary>Whether samples of this size are kept in memory.</summary>
    public static bool IsInMemory(this SampleCache cache, long bytes) => cache switch
    {
        SampleCache.Memory => true,
        SampleCache.Disk => false,
        _ => bytes <= MostInMemory && bytes <= HostMemory.Available / Copies,
    };
}
