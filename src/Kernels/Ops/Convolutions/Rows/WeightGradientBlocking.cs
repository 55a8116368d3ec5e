using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// Partition of a weight gradient into tasks, and of each task into blocks for the caches. The batch is divided into splits whose sums are added
/// in order at the end; their number depends only on the sizes, so that the bits do not depend on the threads.
/// </summary>
internal sealed class WeightGradientBlocking
{
    private const int MostColumns = 1280;

    // Packed pixels of a chunk: 256 KiB, a quarter of a second-level cache of 1 MiB. The incoming gradients stream past
    // them, four rows at a time.
    private const int PixelFloats = 65536;
    private const int GradientFloats = 524288;

    // Vectors per tile of dot products: enough to amortise the 24 horizontal sums at the end.
    private const int EnoughVectors = 100;

    // Without other parallelism, channels are divided among up to this many tasks; each needs enough channels to pay for packing dy again.
    private const int EnoughTasks = 16;
    private const int FewestChannels = 8;

    // Limits for the number of splits of the batch, and for the sums of all splits: 8 MiB.
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

    /// <summary>Number of chunks in the batch; a chunk is a part of some images.</summary>
    public int Chunks { get; }

    /// <summary>Channels that are packed at a time.</summary>
    public int Channels { get; }

    /// <summary>Filters per tile.</summary>
    public int Rows { get; }

    /// <summary>Channels per task.</summary>
    public int ChannelsPerTask { get; }

    /// <summary>Number of tasks that divide the channels of a group.</summary>
    public int Parts { get; }

    /// <summary>Parts of the batch with separate sums.</summary>
    public int Splits { get; }
}
