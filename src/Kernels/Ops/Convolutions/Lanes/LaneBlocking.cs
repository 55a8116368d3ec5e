using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>Partition of a correlation with one image per vector lane: a task is the images of one vector and a band of their rows.</summary>
internal sealed class LaneBlocking
{
    // Packed pixels of a task: 512 KiB, half of a second-level cache of 1 MiB.
    private const int PixelFloats = 131072;

    // Results of a tile, until they are transposed back: 32 KiB, so that they stay in a first-level cache.
    private const int ResultFloats = 8192;

    // Limit for the results of a single row, which cannot be split: 128 KiB.
    private const int MostResultFloats = 32768;

    private const int EnoughTasks = 8;

    private readonly Correlation c;
    private readonly int firstTapRow;
    private readonly int lastTapRow;

    public LaneBlocking(Correlation c)
    {
        this.c = c;
        Tap[] taps = [.. c.Passes.SelectMany(p => p.Taps)];
        (firstTapRow, lastTapRow) = (taps.Min(t => t.H), taps.Max(t => t.H));
        int lastColumn = ((c.Passes.Max(p => p.Columns) - 1) * c.SourceStep.W) + taps.Max(t => t.W);
        Layout = new ImageLanes(c.Source, Math.Max(0, -taps.Min(t => t.W)), Math.Max(0, lastColumn - (c.Source.W - 1)));
        Tile = LaneMicroKernel.For(c.TargetChannels);

        int rows = c.Passes.Max(p => p.Rows), groups = ImageLanes.GroupsOf(c.Images) * c.Groups;
        int bands = Math.Clamp(EnoughTasks / groups, 1, rows);
        while (bands < rows && PixelsOf((rows + bands - 1) / bands) > PixelFloats)
            bands++;
        BandRows = (rows + bands - 1) / bands;
        Bands = (rows + BandRows - 1) / BandRows;
        Tasks = checked(groups * Bands);
        int parts = 1;
        while (parts < BandRows && ResultsOf((BandRows + parts - 1) / parts) > ResultFloats)
            parts++;
        PartRows = (BandRows + parts - 1) / parts;
    }

    /// <summary>The layout of the source.</summary>
    public ImageLanes Layout { get; }

    public LaneTile Tile { get; }

    /// <summary>Rows of the output (of each pass) in a task.</summary>
    public int BandRows { get; }

    public int Bands { get; }

    /// <summary>Rows of the output (of each pass) that are computed before they are transposed back.</summary>
    public int PartRows { get; }

    public int Tasks { get; }

    /// <summary>Largest number of source rows that a task reads.</summary>
    public int StoredRows => StoredRowsOf(BandRows);

    /// <summary>Stride between packed channels, in floats.</summary>
    public int ChannelFloats => CacheLine.Odd(checked(StoredRows * Layout.RowFloats));

    /// <summary>Stride between the results of filters, in floats.</summary>
    public int ResultRow => CacheLine.Odd(checked(PartRows * c.TargetStep.H * c.Target.W * ImageLanes.Lanes));

    /// <summary>The rows of the source that some rows of the output read.</summary>
    public (int First, int Count) SourceRows(int row, int rows)
    {
        int first = Math.Clamp((row * c.SourceStep.H) + firstTapRow, 0, c.Source.H);
        int end = Math.Clamp(((row + rows - 1) * c.SourceStep.H) + lastTapRow + 1, first, c.Source.H);
        return (first, end - first);
    }

    /// <summary>Whether it fits the caches and is estimated to take fewer multiply-adds than <see cref="CpuCorrelation"/>, including the cost of transposing.</summary>
    public static bool Suits(Correlation c)
    {
        if (c.IsPointwise || c.Passes.Sum(p => p.Taps.Count) == 0 || c.Images < ImageLanes.Lanes)
            return false;
        var lanes = new LaneBlocking(c);
        return lanes.PixelsOf(lanes.BandRows) <= PixelFloats && lanes.ResultsOf(lanes.PartRows) <= MostResultFloats && lanes.Cost() < Other(c);
    }

    // Estimated cost of a group of channels, in vector multiply-adds.
    private double Cost()
    {
        double products = c.Passes.Sum(p => new LanePass(c, p, Layout, Tile.Columns).Products);
        int filters = (c.TargetChannels + Tile.Rows - 1) / Tile.Rows * Tile.Rows;
        double pixels = (double)Bands * StoredRows * Layout.Pitch * c.SourceChannels, results = (double)c.Target.H * c.Target.W * c.TargetChannels;
        return (products * filters * c.SourceChannels * ImageLanes.GroupsOf(c.Images)) + ImageLanes.CostOf(pixels + results, c.Images);
    }

    private static double Other(Correlation c)
    {
        var blocks = new CorrelationBlocking(c);
        double vectors = (double)blocks.Chunks * blocks.RowBands * blocks.ColumnBands * blocks.Chunk.Columns / ImageLanes.Lanes;
        return vectors * blocks.Tiles * blocks.Tile.Rows * c.Passes.Sum(p => p.Taps.Count) * c.SourceChannels;
    }

    private long PixelsOf(int rows) => (long)StoredRowsOf(rows) * Layout.RowFloats * c.SourceChannels;

    private long ResultsOf(int rows) => (long)rows * c.TargetStep.H * c.Target.W * ImageLanes.Lanes * Tile.Rows;

    private int StoredRowsOf(int rows) => Math.Min(c.Source.H, checked(((rows - 1) * c.SourceStep.H) + lastTapRow - firstTapRow + 1));
}
