using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// Partition of the 2×2 tiles of a batch's outputs, with one image per vector lane: a task is some rows of tiles of as many images as
/// a vector has lanes.
/// </summary>
internal sealed class LaneWinogradBlocking
{
    // Transformed pixels of a task: 512 KiB, half of a second-level cache of 1 MiB.
    private const int PixelFloats = 131072;

    private const int EnoughTasks = 16;

    public LaneWinogradBlocking(Correlation c)
    {
        (TileRows, TileColumns) = ((c.Target.H + 1) / 2, (c.Target.W + 1) / 2);
        int groups = ImageLanes.GroupsOf(c.Images) * c.Groups;
        Rows = Math.Clamp(Math.Min(MostTiles(c) / TileColumns, groups * TileRows / EnoughTasks), 1, TileRows);
        RowParts = (TileRows + Rows - 1) / Rows;
        Tasks = checked(groups * RowParts);
        ChannelFloats = CacheLine.Odd(Rows * TileColumns * ImageLanes.Lanes);
        PositionFloats = CacheLine.Odd(checked(c.SourceChannels * ChannelFloats));
    }

    /// <summary>Rows and columns of tiles in an image.</summary>
    public int TileRows { get; }

    public int TileColumns { get; }

    /// <summary>Rows of tiles in a task.</summary>
    public int Rows { get; }

    public int RowParts { get; }

    public int Tasks { get; }

    /// <summary>Stride of the transformed pixels between channels, in floats.</summary>
    public int ChannelFloats { get; }

    /// <summary>Stride of the transformed pixels between positions, in floats.</summary>
    public int PositionFloats { get; }

    /// <summary>
    /// Whether it is faster than <see cref="CpuWinograd"/>, which must suit the correlation too: the batch fills the vectors, and a row
    /// of tiles fits the cache. Two variants were slower: parts of a row, which read and transpose pixels twice, and vectors of 8,
    /// which use each transformed tile for half as many images.
    /// </summary>
    public static bool Suits(Correlation c)
    {
        int images = ImageLanes.GroupsOf(c.Images) * ImageLanes.Lanes;
        return Simd.Is512 && c.Images * 8 >= images * 7 && MostTiles(c) >= (c.Target.W + 1) / 2;
    }

    private static int MostTiles(Correlation c) => PixelFloats / (Winograd.Positions * c.SourceChannels * ImageLanes.Lanes);
}
