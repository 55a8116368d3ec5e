namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// An element of the filter: the position of the pixel that it multiplies, relative to the output's position times the
/// source step, and its index within the R×S weights of a channel.
/// </summary>
internal readonly record struct Tap(int H, int W, int Weight);

/// <summary>The outputs of a correlation at start + i·step, i = 0, 1, …, which all have the same taps.</summary>
internal sealed record CorrelationPass(IReadOnlyList<Tap> Taps, int StartH, int StartW, int Rows, int Columns);

/// <summary>
/// The form that a convolution and its transpose share: y[m, i·targetStep + start] = Σ over source channels c and taps of
/// weight[m, c, tap] · x[c, i·sourceStep + tap], in each image and group, with x = 0 outside the image.
/// </summary>
/// <remarks>
/// A convolution is one pass with a source step of its stride. Its transpose is stride² passes with a target step of the
/// stride, because outputs stride apart see the same elements of the filter; with stride 1 it is a convolution with the
/// filter rotated by 180° and channels and filters exchanged.
/// </remarks>
internal sealed record Correlation
{
    public required int Images { get; init; }

    public required int Groups { get; init; }

    /// <summary>Source channels per group, which are summed over.</summary>
    public required int SourceChannels { get; init; }

    public required (int H, int W) Source { get; init; }

    public required (int H, int W) SourceStep { get; init; }

    /// <summary>Channels of the result per group.</summary>
    public required int TargetChannels { get; init; }

    public required (int H, int W) Target { get; init; }

    public required (int H, int W) TargetStep { get; init; }

    public required IReadOnlyList<CorrelationPass> Passes { get; init; }

    /// <summary>Stride of the weights between target channels, in floats.</summary>
    public required int TargetStride { get; init; }

    /// <summary>Stride of the weights between source channels, in floats.</summary>
    public required int SourceStride { get; init; }

    /// <summary>Stride of the weights between groups, in floats.</summary>
    public required int GroupStride { get; init; }

    /// <summary>Whether the source can be read in place: 1×1 filter, no stride, no padding.</summary>
    public bool IsPointwise => SourceStep == (1, 1) && TargetStep == (1, 1) && Source == Target && Passes is [{ Taps: [(0, 0, _)] }];

    /// <summary>y of a convolution from x and w.</summary>
    public static Correlation Forward(ConvSizes z)
    {
        ConvGeometry g = z.Geometry;
        IEnumerable<Tap> taps = Elements(z).Select(e =>
            new Tap((e.R * g.Dilation.H) - g.Padding.Top, (e.S * g.Dilation.W) - g.Padding.Left, (e.R * z.S) + e.S));
        return Flattened(new Correlation
        {
            Images = z.N,
            Groups = g.Groups,
            SourceChannels = z.GroupC,
            Source = (z.H, z.W),
            SourceStep = g.Stride,
            TargetChannels = z.GroupK,
            Target = (z.P, z.Q),
            TargetStep = (1, 1),
            Passes = [new CorrelationPass([.. taps], 0, 0, z.P, z.Q)],
            TargetStride = z.GroupC * z.R * z.S,
            SourceStride = z.R * z.S,
            GroupStride = z.GroupK * z.GroupC * z.R * z.S,
        });
    }

    /// <summary>dx of a convolution from dy and w; y of a transposed convolution from x and w.</summary>
    public static Correlation Transposed(ConvSizes z)
    {
        (int h, int w) = z.Geometry.Stride;
        var passes = new List<CorrelationPass>();
        for (int startH = 0; startH < Math.Min(h, z.H); startH++)
        {
            for (int startW = 0; startW < Math.Min(w, z.W); startW++)
            {
                (int rows, int columns) = ((z.H - startH + h - 1) / h, (z.W - startW + w - 1) / w);
                passes.Add(new CorrelationPass(TransposedTaps(z, startH, startW), startH, startW, rows, columns));
            }
        }
        return Flattened(new Correlation
        {
            Images = z.N,
            Groups = z.Geometry.Groups,
            SourceChannels = z.GroupK,
            Source = (z.P, z.Q),
            SourceStep = (1, 1),
            TargetChannels = z.GroupC,
            Target = (z.H, z.W),
            TargetStep = (h, w),
            Passes = passes,
            TargetStride = z.R * z.S,
            SourceStride = z.GroupC * z.R * z.S,
            GroupStride = z.GroupK * z.GroupC * z.R * z.S,
        });
    }

    // A convolution reads row p·stride + r·dilation - top; row h is read by p = (h + top - r·dilation) / stride if that
    // is a whole number.
    private static List<Tap> TransposedTaps(ConvSizes z, int startH, int startW)
    {
        ConvGeometry g = z.Geometry;
        var taps = new List<Tap>();
        foreach ((int r, int s) in Elements(z))
        {
            int h = startH + g.Padding.Top - (r * g.Dilation.H), w = startW + g.Padding.Left - (s * g.Dilation.W);
            if (h % g.Stride.H == 0 && w % g.Stride.W == 0)
                taps.Add(new Tap(h / g.Stride.H, w / g.Stride.W, (r * z.S) + s));
        }
        return taps;
    }

    // With 1×1 filters an image can be treated as one row.
    private static Correlation Flattened(Correlation c)
    {
        if (!c.IsPointwise)
            return c;
        int pixels = c.Source.H * c.Source.W;
        return c with { Source = (1, pixels), Target = (1, pixels), Passes = [c.Passes[0] with { Rows = 1, Columns = pixels }] };
    }

    private static IEnumerable<(int R, int S)> Elements(ConvSizes z)
    {
        for (int r = 0; r < z.R; r++)
        {
            for (int s = 0; s < z.S; s++)
                yield return (r, s);
        }
    }
}
