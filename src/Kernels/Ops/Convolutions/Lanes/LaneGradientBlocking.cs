using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// Partition of a weight gradient with one image per vector lane: tasks of whole groups of images, bands of rows for the cache, tiles
/// of filters and neighbouring taps. It does not depend on the number of threads.
/// </summary>
internal sealed class LaneGradientBlocking
{
    // Packed pixels and gradients of a task: half of a second-level cache of 1 MiB; gradients of a band: half of a first-level cache.
    private const int PixelFloats = 131072;
    private const int BandFloats = 6144;

    // Limits for the number of splits of the batch, and for the sums of all splits (a vector per weight).
    private const int MostSplits = 32;
    private const int SumFloats = 2 << 20;

    // With few images, filters are divided among up to this many tasks; each transposes the pixels for itself.
    private const int EnoughTasks = 8;

    // Tiles with fewer products cannot hide the latency of multiply-adds.
    private const int FewestTaps = 3;

    public LaneGradientBlocking(ConvSizes z)
    {
        ConvGeometry g = z.Geometry;
        int last = ((z.Q - 1) * g.Stride.W) + ((z.S - 1) * g.Dilation.W) - g.Padding.Left;
        Pixels = new ImageLanes((z.H, z.W), g.Padding.Left, Math.Max(0, last - (z.W - 1)));
        Gradients = new ImageLanes((z.P, z.Q));
        Rows = Enumerable.Range(1, LaneDotMicroKernel.Rows).MinBy(rows => (TilesOf(z.GroupK, rows) * rows, -rows));
        int parts = TilesOf(z.S, LaneDotMicroKernel.Columns);
        Columns = TilesOf(z.S, parts);
        BandRows = Math.Clamp(BandFloats / (Rows * Gradients.RowFloats), 1, z.P);
        int groups = ImageLanes.GroupsOf(z.N);
        Splits = Math.Clamp((int)Math.Min(SumFloats / ImageLanes.Lanes / z.Weights.Length, MostSplits), 1, groups);
        int tiles = TilesOf(z.GroupK, Rows), shares = Math.Clamp(TilesOf(EnoughTasks, Splits * g.Groups), 1, tiles);
        Filters = TilesOf(tiles, shares) * Rows;
        Parts = TilesOf(z.GroupK, Filters);
        PixelChannel = CacheLine.Odd(checked(z.H * Pixels.RowFloats));
        GradientChannel = CacheLine.Odd(checked(z.P * Gradients.RowFloats));
    }

    public ImageLanes Pixels { get; }

    public ImageLanes Gradients { get; }

    /// <summary>Filters per tile.</summary>
    public int Rows { get; }

    /// <summary>Neighbouring taps per tile.</summary>
    public int Columns { get; }

    /// <summary>Rows of outputs per band.</summary>
    public int BandRows { get; }

    /// <summary>Parts of the batch with separate sums.</summary>
    public int Splits { get; }

    /// <summary>Filters per task.</summary>
    public int Filters { get; }

    /// <summary>Number of tasks that divide the filters of a group.</summary>
    public int Parts { get; }

    /// <summary>Stride of the packed pixels between channels, and of the gradients between filters, in floats.</summary>
    public int PixelChannel { get; }

    public int GradientChannel { get; }

    /// <summary>The rows of outputs for which a row of the filter meets pixels inside the image; the end is exclusive.</summary>
    public static (int Begin, int End) RowsOnImage(ConvSizes z, int r)
    {
        (int stride, int tap) = (z.Geometry.Stride.H, (r * z.Geometry.Dilation.H) - z.Geometry.Padding.Top);
        int begin = Math.Clamp(tap >= 0 ? 0 : (-tap + stride - 1) / stride, 0, z.P);
        int end = z.H - tap <= 0 ? begin : Math.Clamp((z.H - tap + stride - 1) / stride, begin, z.P);
        return (begin, end);
    }

    /// <summary>Whether it fits the caches and is estimated to take fewer multiply-adds than <see cref="CpuWeightGradient"/>, including the cost of transposing.</summary>
    public static bool Suits(ConvSizes z)
    {
        if (z.N < ImageLanes.Lanes || z.S < FewestTaps || z.Weights.Length * ImageLanes.Lanes > SumFloats)
            return false;
        // Checked in double first, so that the products of ints below cannot overflow.
        double floats = ((double)z.GroupC * z.H * (z.W + z.Geometry.Padding.Left + z.Geometry.Padding.Right)) + ((double)z.GroupK * z.P * z.Q);
        if (floats * ImageLanes.Lanes > 2 * PixelFloats)
            return false;
        var lanes = new LaneGradientBlocking(z);
        if (((long)z.GroupC * lanes.PixelChannel) + ((long)z.GroupK * lanes.GradientChannel) > PixelFloats)
            return false;
        double rows = Enumerable.Range(0, z.R).Sum(r => RowsOnImage(z, r) is var (begin, end) ? end - begin : 0);
        double products = rows * z.Q * z.S * z.GroupC * TilesOf(z.GroupK, lanes.Rows) * lanes.Rows * ImageLanes.GroupsOf(z.N);
        double turned = ((double)z.GroupC * z.H * lanes.Pixels.Pitch) + ((double)z.GroupK * z.P * z.Q);
        var other = new WeightGradientBlocking(z, Correlation.Forward(z).Passes[0].Taps);
        double vectors = (double)other.Chunks * other.Chunk.Columns / ImageLanes.Lanes;
        double otherProducts = vectors * TilesOf(z.GroupK, other.Rows) * other.Rows * z.GroupC * z.R * z.S;
        return products + ImageLanes.CostOf(turned, z.N) < otherProducts;
    }

    private static int TilesOf(int count, int size) => (count + size - 1) / size;
}
