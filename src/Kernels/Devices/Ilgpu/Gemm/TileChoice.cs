namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>Properties of a tile that its choice depends on.</summary>
/// <param name="M">Rows of the result per group.</param>
/// <param name="N">Columns of the result per group.</param>
/// <param name="K">Steps of the sum between two barriers.</param>
/// <param name="Warps">Warps per group.</param>
/// <param name="Resident">Groups that fit on a multiprocessor at once, limited by registers and shared memory (bench/results/ptxas.md).</param>
/// <param name="Rate">Multiply-adds per clock of a multiprocessor whose schedulers are all busy: 128 times their share of the loop's instructions, or the tensor cores' rate.</param>
internal readonly record struct TileSize(int M, int N, int K, int Warps, int Resident, double Rate);

/// <summary>Chooses a GEMM's tile and the number of parts of its sum (split-K) together, by the time that a cost model predicts.</summary>
/// <remarks>
/// Small tiles or many parts fill the device; a large tile reuses more of what it loads; and parts must be added. With
/// 64 × 576 sums of 65,536 steps (a weight gradient) nothing else makes enough groups; with 4,096² × 4,096 one part and the
/// largest tile win. The constants below have the right order of magnitude for all GPUs since 2018; only their ratios matter.
/// </remarks>
internal static class TileChoice
{
    private const int MostParts = 256;
    private const int FewestSteps = 64; // per part
    private const long MostPartial = 1 << 25; // floats: 128 MiB
    private const double RoundTrip = 500; // latency of a load from memory in clocks: no round is faster
    private const double Launch = 3000; // clocks that another launch costs
    private const double BytesPerClock = 12; // a multiprocessor's share of the memory bandwidth

    /// <summary>The best tile for the plan's device; with the tile that a test asks for, the best number of parts.</summary>
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
                // The largest number of parts for which no multiprocessor gets more groups than that.
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

    /// <summary>Splits the sum into parts that are multiples of <paramref name="step"/>.</summary>
    public static GemmSizes Split(int m, int n, int k, int parts, int step)
    {
        int chunk = Math.Max(1, (((k + parts - 1) / parts) + step - 1) / step) * step;
        return new GemmSizes(m, n, k, Math.Max(1, (k + chunk - 1) / chunk), chunk);
    }

    /// <summary>Predicted time of a GEMM in clocks.</summary>
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
