namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>Properties of a tile that its choice depends on.</summary>
/// <param name="M">Rows of the result that a group makes.</param>
/// <param name="N">Columns.</param>
/// <param name="K">Steps of the sum between two barriers.</param>
/// <param name="Warps">Of a group.</param>
/// <param name="Resident">Groups that a multiprocessor holds at once: what registers and shared memory let (bench/results/ptxas.md).</param>
/// <param name="Rate">Multiplications a clock of a multiprocessor whose schedulers are all busy: 128 times the share of them in the loop, or what the tensor cores do.</param>
internal readonly record struct TileSize(int M, int N, int K, int Warps, int Resident, double Rate);

/// <summary>Which tile a GEMM gets, and into how many parts its sum is split: chosen together, by the time that a model gives them.</summary>
/// <remarks>
/// A small tile or many parts fill the device, a large tile makes more of what it loads, and parts must be added up. With
/// 64 × 576 sums of 65,536 steps (a weight gradient) nothing else makes enough groups; with 4,096² × 4,096 one part and the
/// largest tile win. The numbers below are of the right order on all GPUs since 2018, and only ratios matter.
/// </remarks>
internal static class TileChoice
{
    private const int MostParts = 256;
    private const int FewestSteps = 64; // of a part
    private const long MostPartial = 1 << 25; // floats: 128 MiB
    private const double RoundTrip = 500; // clocks in which a load from memory comes back: no round is faster
    private const double Launch = 3000; // clocks that another launch costs
    private const double BytesPerClock = 12; // of a multiprocessor's share of the memory

    /// <summary>The best tile for the device of a plan, or the best number of parts with the tile that a test wants.</summary>
    public static (int Tile, GemmSizes Sizes) Of(KernelBinding b, ReadOnlySpan<TileSize> tiles, int m, int n, int k, int groups)
    {
        int wanted = b.Device.Tile is { } tile && tile < tiles.Length ? tile : -1;
        (int best, GemmSizes sizes) = Of(wanted < 0 ? tiles : tiles.Slice(wanted, 1), m, n, k, groups, b.Multiprocessors);
        return (wanted < 0 ? best : wanted, sizes);
    }

    /// <summary>The index of the best tile, and the sizes with the best number of parts.</summary>
    public static (int Tile, GemmSizes Sizes) Of(ReadOnlySpan<TileSize> tiles, int m, int n, int k, int groups, int multiprocessors)
    {
        (int tile, GemmSizes sizes, double best) = (0, default, double.PositiveInfinity);
        for (int i = 0; i < tiles.Length; i++)
        {
            long whole = Count(tiles[i], m, n) * groups;
            for (int share = 0; share <= 2 * tiles[i].Resident; share++)
            {
                // The most parts with which no multiprocessor gets more groups than that.
                int parts = (int)Math.Clamp((long)share * multiprocessors / whole, 1, MostParts);
                if (parts > 1 && (k / parts < FewestSteps || (long)parts * groups * m * n > MostPartial))
                    break;
                GemmSizes candidate = Split(m, n, k, parts, tiles[i].K);
                double clocks = Clocks(tiles[i], candidate, groups, multiprocessors);
                if (clocks < best)
                    (tile, sizes, best) = (i, candidate, clocks);
            }
        }
        return (tile, sizes);
    }

    /// <summary>Parts of whole rounds.</summary>
    public static GemmSizes Split(int m, int n, int k, int parts, int step)
    {
        int chunk = Math.Max(1, (((k + parts - 1) / parts) + step - 1) / step) * step;
        return new GemmSizes(m, n, k, Math.Max(1, (k + chunk - 1) / chunk), chunk);
    }

    /// <summary>The time that a GEMM is expected to take, in clocks.</summary>
    public static double Clocks(TileSize tile, GemmSizes s, int groups, int multiprocessors)
    {
        double share = Math.Ceiling((double)Count(tile, s.M, s.N) * groups * s.Splits / multiprocessors), resident = Math.Min(share, tile.Resident);
        double busy = Math.Min(1, 0.4 + (0.05 * resident * tile.Warps)); // with 12 warps a scheduler always finds one that need not wait
        double round = Math.Max(resident * tile.M * tile.N * tile.K / (tile.Rate * busy), RoundTrip);
        double rounds = 2 + Math.Ceiling((double)Math.Min(s.Chunk, s.K) / tile.K); // 2: the first load and the last store
        double clocks = share / resident * rounds * round;
        return s.Splits == 1 ? clocks : clocks + Launch + (2.0 * sizeof(float) * s.Splits * groups * s.M * s.N / (BytesPerClock * multiprocessors));
    }

    private static long Count(TileSize tile, int m, int n) => ((long)m + tile.M - 1) / tile.M * (((long)n + tile.N - 1) / tile.N);
}
