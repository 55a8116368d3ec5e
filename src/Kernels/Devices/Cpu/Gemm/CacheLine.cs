namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>Lengths in cache lines of 64 bytes.</summary>
internal static class CacheLine
{
    public const int Floats = 16;

    /// <summary>Rounded up to whole lines.</summary>
    public static long Whole(long floats) => (floats + Floats - 1) / Floats * Floats;

    /// <summary>
    /// Rounded up to an odd number of lines: rows that far apart lie in all sets of a cache, while rows 4096 bytes apart, as
    /// those of 32×32 pixels, would all fall into one and push each other out (twice as slow at 64 channels).
    /// </summary>
    public static int Odd(int floats) => checked((int)(Whole(floats) + (Whole(floats) / Floats % 2 == 0 ? Floats : 0)));
}
