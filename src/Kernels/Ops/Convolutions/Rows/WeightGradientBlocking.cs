using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// How a weight gradient is split into tasks and each task for the caches. The batch is divided into splits whose sums are added
/// at the end, in order; their number follows from the sizes of the problem, so that the bits do not depend on the threads.
/// </summary>
internal sealed class WeightGradientBlocking
{
    private const int MostColumns = 1280;

    // Laid-out pixels of a chunk: 256 KiB, a quarter of a second-level cache of 1 MiB. The incoming gradients stream past
    // them, four rows at a time, from wherever they are.
    private const int PixelFloats = 65536;
    private const int GradientFloats = 524288;

    // Vectors that a tile of dot products runs over: enough to hide that 24 vectors are summed at the end.
    private const int EnoughVectors = 100;

    // Tasks that share the channels, if there is nothing else to share; so many channels pay for laying out dy again.
    private const int EnoughTasks = 16;
    private const int FewestChannels = 8;

    // Parts of the batch, and all their sums together: 8 MiB.
    private const int MostSplits = 32;
    private const int SumFloats = 2 << 20;

    public WeightGradientBlocking(ConvSizes z, IReadOnlyList<Tap> taps)
    {
        (BandRows, BandColumns) = PixelLayout.BandOf(z.P, z.Q, MostColumns);
        RowBands = (z.P + BandRows - 1) / BandRows;
        ColumnBands = (z.Q + BandColumns - 1) / BandColumns;
        var layout = new PixelLayout((z.H, z.W), z.Geometry.Stride, taps, BandRows, BandColumns, ColumnBands == 1);
        Rows = z.GroupK == 1 ? 1 : DotMicroKernel.Rows;
        int rowsOfGroup = (z.GroupK + Rows - 1) / Rows * Rows;
        bool im2Col = RowBands * ColumnBands == 1 && PixelChunk.PaysAsIm2Col(layout, z.P, z.Q, rowsOfGroup);

        int imageColumns = im2Col ? z.P * z.Q : (layout.ColumnsOf(BandRows, BandColumns) + Simd.Lanes - 1) / Simd.Lanes * Simd.Lanes;
        int pixelsOfImage = im2Col ? taps.Count * z.P * z.Q : layout.PlaneLength;
        int most = Math.Max(1, Math.Min(PixelFloats / pixelsOfImage, GradientFloats / (rowsOfGroup * imageColumns)));
        int images = Math.Clamp((EnoughVectors * Simd.Lanes + imageColumns - 1) / imageColumns, 1, Math.Min(most, z.N));
        Chunk = new PixelChunk(layout, taps, im2Col, images, BandRows, BandColumns);
        Chunks = (z.N + images - 1) / images * RowBands * ColumnBands;
        int groups = z.Geometry.Groups;
        Splits = Math.Clamp((MostSplits + groups - 1) / groups, 1, (int)Math.Clamp(SumFloats / z.Weights.Length, 1, Chunks));
        int parts = Math.Clamp((EnoughTasks + (Splits * groups) - 1) / (Splits * groups), 1, Math.Max(1, z.GroupC / FewestChannels));
        ChannelsPerTask = (z.GroupC + parts - 1) / parts;
        Parts = (z.GroupC + ChannelsPerTask - 1) / ChannelsPerTask;
        Channels = Math.Clamp(PixelFloats / Chunk.ChannelFloats, 1, ChannelsPerTask);
    }

    /// <summary>Layout of the pixels of a chunk.</summary>
    public PixelChunk Chunk { get; }

    /// <summary>Rows and columns of the output in a part of an image.</summary>
    public int BandRows { get; }

    public int BandColumns { get; }

    public int RowBands { get; }

    public int ColumnBands { get; }

    /// <summary>Chunks of the batch: some images, a part of each.</summary>
    public int Chunks { get; }

    /// <summary>Channels that are laid out at a time.</summary>
    public int Channels { get; }

    /// <summary>Filters of a tile.</summary>
    public int Rows { get; }

    /// <summary>Channels of a task.</summary>
    public int ChannelsPerTask { get; }

    /// <summary>Tasks that share the channels of a group.</summary>
    public int Parts { get; }

    /// <summary>Parts of the batch with sums of their own.</summary>
    public int Splits { get; }
}
