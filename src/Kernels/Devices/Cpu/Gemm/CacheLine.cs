using System.Runtime.Intrinsics.X86;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>Lengths in cache lines of 64 bytes.</summary>
internal static class CacheLine
{
    public const int Floats = 16;

    /// <summary>Rounds up to whole cache lines.</summary>
    public static long Whole(long floats) => (floats + Floats - 1) / Floats * Floats;

    /// <summary>
    /// Rounds up to an odd number of cache lines: rows with that stride use all sets of a cache, while rows 4096 bytes apart (32×32
    /// pixels) would all map to the same set and evict each other (twice as slow at 64 channels).
    /// </summary>
    public static int Odd(int floats) => checked((int)(Whole(floats) + (Whole(floats) / Floats % 2 == 0 ? Floats : 0)));

    /// <summary>
    /// Prefetches some floats of each of a few rows: the hardware's prefetcher stops at the end of a
    /// page of 4 KiB.
    /// </summary>
    public static unsafe void Prefetch(float* first, int floats, int rows, long stride)
    {
        for (int row = 0; row < rows && Sse.IsSupported; row++, first += stride)
        {
            for (int i = 0; i < floats; i += Floats)
                Sse.Prefetch0(first + i);
        }
    }
}
