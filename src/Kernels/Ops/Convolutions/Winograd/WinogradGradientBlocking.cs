using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// Partition of the weight gradient of 3×3 filters: the rows of tiles of the batch into splits with separate sums, these
/// into chunks that fit the cache, the filters into parts. It depends only on the sizes.
/// </summary>
internal sealed class WinogradGradientBlocking
{
    // Transformed pixels and gradients of a chunk: 512 KiB, half of a second-level cache of 1 MiB; but enough tiles that
    // loading and storing the sums once per chunk is at most a tenth of the work.
    private const int ChunkFloats = 131072;
    private const int FewestTiles = 48;

    // Limit for the sums of all splits: 16 MiB.
    private const int SumFloats = 4 << 20;

    private const int EnoughTasks = 16;

    // Filters per part are a multiple of this: whole rows of the micro-kernel's tile, and whole vectors.
    private const int PartUnit = 48;

    private const int FewestChannels = 16;
    private const int MostChannels = 512;

    public WinogradGradientBlocking(ConvSizes z)
    {
        int groups = z.Geometry.Groups;
        (TileRows, TileColumns) = ((z.P + 1) / 2, (z.Q + 1) / 2);
        AllRows = checked(z.N * TileRows);
        ChannelFloats = CacheLine.Odd(WholeTiles(z.GroupC, MicroKernel.Columns));
        SumRows = WholeTiles(z.GroupK, MicroKernel.Rows);
        SumsOfSplit = checked((long)groups * Winograd.Positions * SumRows * ChannelFloats);

        int wanted = (EnoughTasks + groups - 1) / groups;
        Splits = (int)Math.Clamp(Math.Min(wanted, SumFloats / SumsOfSplit), 1, AllRows);
        int parts = Math.Clamp((wanted + Splits - 1) / Splits, 1, (z.GroupK + PartUnit - 1) / PartUnit);
        FiltersPerPart = parts == 1 ? z.GroupK : WholeTiles((z.GroupK + parts - 1) / parts, PartUnit);
        Parts = (z.GroupK + FiltersPerPart - 1) / FiltersPerPart;
        FilterFloats = CacheLine.Odd(WholeTiles(WholeTiles(FiltersPerPart, Simd.Lanes), MicroKernel.Rows));

        int tiles = Math.Max(ChunkFloats / (Winograd.Positions * (ChannelFloats + FilterFloats)), FewestTiles);
        RowsPerChunk = Math.Clamp(tiles / TileColumns, 1, (AllRows + Splits - 1) / Splits);
    }

    /// <summary>Rows and columns of tiles in an image.</summary>
    public int TileRows { get; }

    public int TileColumns { get; }

    /// <summary>Rows of tiles in the batch, and in a chunk.</summary>
    public int AllRows { get; }

    public int RowsPerChunk { get; }

    /// <summary>Stride of the transformed pixels between tiles, and of the sums between filters, in floats.</summary>
    public int ChannelFloats { get; }

    /// <summary>Stride of the transformed gradients between tiles, in floats.</summary>
    public int FilterFloats { get; }

    /// <summary>Rows of sums per position: the filters, rounded up to whole tiles of the micro-kernel.</summary>
    public int SumRows { get; }

    public long SumsOfSplit { get; }

    public int Splits { get; }

    public int FiltersPerPart { get; }

    public int Parts { get; }

    /// <summary>Whether the convolution has undilated 3×3 filters and stride 1, and a size for which this algorithm is faster.</summary>
    public static bool Suits(ConvSizes z) =>
        (z.R, z.S) == (3, 3) && z.Geometry.Stride == (1, 1) && z.Geometry.Dilation == (1, 1)
        && z.GroupC is >= FewestChannels and <= MostChannels && z.GroupK is >= FewestChannels and <= MostChannels && z.P > 1 && z.Q > 1;

    private static int WholeTiles(int count, int tile) => (count + tile - 1) / tile * tile;
}
