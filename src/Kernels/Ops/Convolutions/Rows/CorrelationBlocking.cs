using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>A task of a correlation, computed by one worker: a part of some images, in some target channels.</summary>
/// <param name="Group">The group of channels.</param>
/// <param name="FirstTile">First tile of target channels.</param>
/// <param name="EndTile">End of the tiles, exclusive.</param>
/// <param name="Image">First image.</param>
/// <param name="Images">Number of images.</param>
/// <param name="Row">First row of the output (of each pass).</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Column">First column of the output (of each pass).</param>
/// <param name="Columns">Number of columns.</param>
internal readonly record struct CorrelationTask(
    int Group, int FirstTile, int EndTile, int Image, int Images, int Row, int Rows, int Column, int Columns);

/// <summary>
/// Partition of a correlation into tasks, and of each task into blocks for the caches. It depends on the sizes and
/// the vector width, not on the number of threads.
/// </summary>
internal sealed class CorrelationBlocking
{
    // Outputs of a task per channel: enough to reuse a panel of weights, which each task reads again, and few enough
    // that a tile of results stays in the first-level cache until it is copied out.
    private const int MostColumns = 1280;
    private const int EnoughColumns = 400;
    private const int EnoughVectorsAsIm2Col = 12; // a multiple of every tile's

    // With fewer multiply-adds per pixel, a task is bound by memory.
    private const int FewestSteps = 32;

    // Packed pixels of a task: 256 KiB, a quarter of a second-level cache of 1 MiB.
    private const int PixelFloats = 65536;

    // A small batch is split by filters until there are this many tasks; each needs enough filters to pay for packing the pixels again.
    private const int EnoughTasks = 16;
    private const int FewestFilters = 32;
    private const int FewestFiltersAsIm2Col = 128;

    private readonly Correlation c;
    private readonly int rows;
    private readonly int columns;

    public CorrelationBlocking(Correlation c)
    {
        this.c = c;
        Tap[] taps = [.. c.Passes.SelectMany(p => p.Taps)];
        rows = c.Passes.Max(p => p.Rows);
        columns = c.Passes.Max(p => p.Columns);
        (BandRows, BandColumns) = PixelLayout.BandOf(rows, columns, MostColumns);
        RowBands = (rows + BandRows - 1) / BandRows;
        ColumnBands = (columns + BandColumns - 1) / BandColumns;
        var layout = new PixelLayout(c.Source, c.SourceStep, taps, BandRows, BandColumns, ColumnBands == 1);
        Tile = TapMicroKernel.For(c.TargetChannels);
        Tiles = (c.TargetChannels + Tile.Rows - 1) / Tile.Rows;

        int perImage = c.Groups * RowBands * ColumnBands;
        bool im2Col = RowBands * ColumnBands == 1 && PixelChunk.PaysAsIm2Col(layout, rows, columns, Tiles * Tile.Rows);
        int vectors = (layout.ColumnsOf(BandRows, BandColumns) + Simd.Lanes - 1) / Simd.Lanes;
        int images = im2Col
            ? EnoughVectorsAsIm2Col * Simd.Lanes / (rows * columns)
            : WholeTiles(vectors, taps.Length, (int)Math.Clamp((long)c.Images * perImage / EnoughTasks, 1, c.Images));
        Chunk = new PixelChunk(layout, taps, im2Col, Math.Clamp(images, 1, c.Images), BandRows, BandColumns);
        Chunks = (c.Images + Chunk.Images - 1) / Chunk.Images;
        Channels = Math.Clamp(PixelFloats / Chunk.ChannelFloats, 1, c.SourceChannels);
        ChannelBlocks = (c.SourceChannels + Channels - 1) / Channels;

        int tasks = checked(Chunks * perImage);
        int mostParts = c.TargetChannels / (im2Col ? FewestFiltersAsIm2Col : FewestFilters);
        int parts = Math.Clamp((EnoughTasks + tasks - 1) / tasks, 1, Math.Max(1, mostParts));
        TilesPerTask = (Tiles + parts - 1) / parts;
        Parts = (Tiles + TilesPerTask - 1) / TilesPerTask;
        Tasks = checked(tasks * Parts);
    }

    /// <summary>Layout of the pixels of a task.</summary>
    public PixelChunk Chunk { get; }

    /// <summary>Rows and columns of the output (of each pass) in a part of an image.</summary>
    public int BandRows { get; }

    public int BandColumns { get; }

    public int RowBands { get; }

    public int ColumnBands { get; }

    /// <summary>Source channels that are packed at a time.</summary>
    public int Channels { get; }

    public int ChannelBlocks { get; }

    /// <summary>Number of chunks of images in the batch.</summary>
    public int Chunks { get; }

    /// <summary>The tile of target channels and pixels.</summary>
    public TapTile Tile { get; }

    /// <summary>Tiles per group.</summary>
    public int Tiles { get; }

    public int TilesPerTask { get; }

    /// <summary>Number of tasks that divide the target channels of a group.</summary>
    public int Parts { get; }

    public int Tasks { get; }

    /// <summary>Floats past the end of pixels and results that whole tiles may read and write.</summary>
    public int Slack => Simd.Lanes * TapMicroKernel.MostVectors;

    /// <summary>A task by its index. The parts of an image are consecutive, so that a worker gets the same images as in the op before.</summary>
    public CorrelationTask TaskAt(int index)
    {
        (index, int column) = Math.DivRem(index, ColumnBands);
        (index, int row) = Math.DivRem(index, RowBands);
        (index, int part) = Math.DivRem(index, Parts);
        (int chunk, int group) = Math.DivRem(index, c.Groups);
        return new CorrelationTask(
            group, part * TilesPerTask, Math.Min((part + 1) * TilesPerTask, Tiles),
            chunk * Chunk.Images, Math.Min(Chunk.Images, c.Images - (chunk * Chunk.Images)),
            row * BandRows, Math.Min(BandRows, rows - (row * BandRows)),
            column * BandColumns, Math.Min(BandColumns, columns - (column * BandColumns)));
    }

    // The number of images that together have enough columns and fill their last tile best; fewer if there would be too few tasks. A
    // depthwise convolution is bound by memory, so it takes as few images as it can, because the channel in the next image
    // is far away.
    private int WholeTiles(int vectors, int taps, int most)
    {
        int enough = (EnoughColumns / (vectors * Simd.Lanes)) + 1, choices = c.SourceChannels * taps < FewestSteps ? 1 : Tile.Vectors;
        int last = Math.Min(enough + choices - 1, most), first = Math.Clamp(last - choices + 1, 1, enough);
        return Enumerable.Range(first, last - first + 1).Reverse().MinBy(images =>
            ((images * vectors) + Tile.Vectors - 1) / Tile.Vectors * Tile.Vectors / (double)(images * vectors));
    }
}
