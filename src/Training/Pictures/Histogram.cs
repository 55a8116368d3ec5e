namespace GpuGrad.Training.Pictures;

/// <summary>A histogram.</summary>
public sealed record Histogram : Drawing
{
    public Axis X { get; init; } = new();

    public string Count { get; init; } = "count";

    /// <summary>Bin edges, one more than there are counts.</summary>
    public required IReadOnlyList<double> Edges { get; init; }

    public required IReadOnlyList<double> Counts { get; init; }

    public IReadOnlyList<ChartMark> Marks { get; init; } = [];

    public int Color { get; init; }

    /// <summary>Counts values in equal bins between the smallest and the largest, or between the axis' ends.</summary>
    public static (double[] Edges, double[] Counts) Bin(IEnumerable<double> values, int bins, double? min = null, double? max = null)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        double low = min ?? (finite.Length > 0 ? finite.Min() : 0), high = max ?? (finite.Length > 0 ? finite.Max() : 1);
        if (!(high > low))
            (low, high) = (low - 0.5, low + 0.5);
        var counts = new double[bins];
        foreach (double value in finite.Where(v => v >= low && v <= high))
            counts[Math.Min(bins - 1, (int)((value - low) / (high - low) * bins))]++;
        return ([.. Enumerable.Range(0, bins + 1).Select(i => low + ((high - low) * i / bins))], counts);
    }

    protected override void Draw(Markup svg)
    {
        var frame = new Frame(X, new Axis(Count, Min: 0), Edges.Concat(Marks.Select(m => m.X)), Counts);
        frame.Draw(svg);
        Frame.BeginClip(svg);
        for (int i = 0; i < Counts.Count; i++)
        {
            double left = frame.X[Edges[i]], right = frame.X[Edges[i + 1]], top = frame.Y[Counts[i]];
            if (!(Counts[i] > 0))
                continue;
            svg.Open("rect", ("class", Palette.Fill(Color)), ("x", left), ("y", top), ("width", Math.Max(0.5, right - left - 1)), ("height", Frame.Inner.Bottom - top));
            svg.Element("title", $"{AxisScale.TextOf(Edges[i])} … {AxisScale.TextOf(Edges[i + 1])}: {AxisScale.TextOf(Counts[i])}").Close("rect");
        }
        foreach (ChartMark mark in Marks)
        {
            double x = frame.X[mark.X];
            svg.Empty("line", ("class", $"mark {Palette.Stroke(mark.Color)}"), ("x1", x), ("x2", x), ("y1", Frame.Inner.Top), ("y2", Frame.Inner.Bottom));
            svg.Element("text", mark.Text, ("x", x + 5), ("y", Frame.Inner.Top + 14));
        }
        Frame.EndClip(svg);
    }
}
