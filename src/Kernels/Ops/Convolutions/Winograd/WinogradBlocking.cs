using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// How the 2×2 tiles of a batch's outputs are split into tasks: rows of tiles, one image after the other, as many as fill
/// whole tiles of the micro-kernel and whose transformed pixels fit the cache.
/// </summary>
internal sealed class WinogradBlocking
{
    // Transformed pixels of a task: 512 KiB, half of a second-level cache of 1 MiB.
    private const int PixelFloats = 131072;

    private const int EnoughTasks = 16;

    // Below so many channels the transforms cost what the GEMMs save; above, the 16 matrices of weights no longer stay in
    // a cache, or no column would be left to multiply them with.
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

    /// <summary>Rows of tiles in a task.</summary>
    public int Rows { get; }

    /// <summary>Tiles of a task, rounded up to whole vectors.</summary>
    public int Columns { get; }

    /// <summary>Floats from one channel of transformed pixels to the next: the last row of tiles may write a vector too much.</summary>
    public int ChannelFloats { get; }

    /// <summary>Floats from one position of transformed pixels to the next.</summary>
    public int PositionFloats { get; }

    public int Tasks { get; }

    /// <summary>Whether the correlation has 3×3 filters without gaps, moves by one, and is of a size at which this is faster.</summary>
    public static bool Suits(Correlation c) =>
        c.Passes is [{ Taps.Count: 9 } pass] && c.SourceStep == (1, 1) && c.TargetStep == (1, 1)
        && pass.Taps.Max(t => t.H) - pass.Taps.Min(t => t.H) == 2 && pass.Taps.Max(t => t.W) - pass.Taps.Min(t => t.W) == 2
        && c.SourceChannels is >= FewestChannels and <= MostChannels && c.TargetChannels is >= FewestChannels and <= MostChannels
        && c.Target.H > 1 && c.Target.W > 1;

    // The fullest last tile among the numbers of rows that fit; the more the better, for the weights are read once a task.
    private int BestRows(Correlation c)
    {
        int tile = TapMicroKernel.Wide.Vectors * Simd.Lanes;
        int most = Math.Max(PixelFloats / (Winograd.Positions * c.SourceChannels), tile) / TileColumns;
        most = Math.Clamp(most, 1, Math.Max((tile + TileColumns - 1) / TileColumns, (int)((long)AllRows * c.Groups / EnoughTasks)));
        return Enumerable.Range(1, most).MinBy(rows => (Whole(rows * TileColumns, tile) / (double)(rows * TileColumns)) + (0.2 / rows));
    }

    private static int Whole(int count, int unit) => (count + unit - 1) / unit * unit;
}
