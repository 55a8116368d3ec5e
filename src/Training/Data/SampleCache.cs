using GpuGrad.Kernels.Devices.Host;

namespace GpuGrad.Training.Data;

/// <summary>Where samples are kept while a network trains on them.</summary>
public enum SampleCache
{
    /// <summary>In memory if they take up to 384 MiB there and a quarter of what is free, else on disk.</summary>
    Auto,

    /// <summary>In memory and on the device, all of them.</summary>
    Memory,

    /// <summary>On disk, read ahead of each step; a part of pictures that were decoded is kept. For pictures, IDX and npy.</summary>
    Disk,
}

internal static class SampleCaches
{
    /// <summary>What <see cref="SampleCache.Auto"/> keeps in memory at most.</summary>
    public const long MostInMemory = 384L << 20;

    // On the CPU they lie in memory twice: as they were read, and as a device has them.
    private const int Copies = 4;

    /// <summary>Whether samples of so many bytes are kept in memory.</summary>
    public static bool IsInMemory(this SampleCache cache, long bytes) => cache switch
    {
        SampleCache.Memory => true,
        SampleCache.Disk => false,
        _ => bytes <= MostInMemory && bytes <= HostMemory.Available / Copies,
    };
}
