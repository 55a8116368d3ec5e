using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// Partition of the 2×2 tiles of a batch's outputs into tasks: rows of tiles, image after image, as many as fill
/// whole tiles of the micro-kernel and whose transformed pixels fit the cache.
/// </summary>
internal sealed class WinogradBlocking
{
    // Transformed pixels of a task: 512 KiB, half of a second-level cache of 1 MiB.
    private const int PixelFloats = 131072;

    private const int EnoughTasks = 16;

    // With fewer channels the transforms cost what the GEMMs save; with more, the 16 matrices of weights no longer stay in
    // a cache, or leave no room for columns.
    private const int FewestChannels = 16;
    private const int MostChannels = 512;

    public WinogradBlocking(Correlation c)
    {
        (TileRows, TileColumns) = ((c.Target.H + 1) / 2, (c.Target.W + 1) / 2);
        AllRows = checked(c.Images * TileRows);
        Rows = BestRows(c);
        Columns = Whole(Rows * TileColumns, Simd.Lanes);
        ChannelFloats = CacheLine.Odd(Columns + Simd.Lanes);
        PositionFloats = CacheLine.Odd(checked(c.SourceChannels * ChannelFloats));
        Tasks = checked((AllRows + Rows - 1) / Rows * c.Groups);
    }

    /// <summary>Rows and columns of tiles in an image.</summary>
    public int TileRows { get; }

    public int TileColumns { get; }

    /// <summary>Rows of tiles in the batch.</summary>
    public int AllRows { get; }

    /// <summary>Rows of tiles per task.</summary>
    public int Rows { get; }

    /// <summary>Tiles per task, rounded up to whole vectors.</summary>
    public int Columns { get; }

    /// <summary>Stride of the transformed pixels between channels, in floats; includes room for the last row of tiles to write an extra vector.</summary>
    public int ChannelFloats { get; }

    /// <summary>Stride of the transformed pixels between positions, in floats.</summary>
    public int PositionFloats { get; }

    public int Tasks { get; }

    /// <summary>Whether the correlation has undilated 3×3 filters and stride 1, and a size for which this algorithm is faster.</summary>
    public static bool Suits(Correlation c) =>
        c.Passes is [{ Taps.Count: 9 } pass] && c.SourceStep == (1, 1) && c.TargetStep == (1, 1)
        && pass.Taps.Max(t => t.H) - pass.Taps.Min(t => t.H) == 2 && pass.Taps.Max(t => t.W) - pass.Taps.Min(t => t.W) == 2
        && c.SourceChannels is >= FewestChannels and <= MostChannels && c.TargetChannels is >= FewestChannels and <= MostChannels
        && c.Target.H > 1 && c.Target.W > 1;

    // Of the numbers of rows that fit, the one with the fullest last tile; then the largest, because each task reads all weights once.
    private int BestRows(Correlation c)
    {
        int tile = TapMicroKernel.Wide.Vectors * Simd.Lanes;
        int most = Math.Max(PixelFloats / (Winograd.Positions * c.SourceChannels), tile) / TileColumns;
        most = Math.Clamp(most, 1, Math.Max((tile + TileColumns - 1) / TileColumns, (int)((long)AllRows * c.Groups / EnoughTasks)));
        return Enumerable.Range(1, most).MinBy(rows => (Whole(rows * TileColumns, tile) / (double)(rows * TileColumns)) + (0.2 / rows));
    }

    private static int Whole(int count, int unit) => (count + unit - 1) / unit * unit;
}
