using System.Globalization;
using System.Text;

namespace GpuGrad.Training.Pictures;

/// <summary>Line style of a series.</summary>
public enum LineStyle
{
    Solid,
    Dashed,
    Points,

    /// <summary>A thin line, for one of many alike.</summary>
    Faint,
}

/// <summary>A curve. NaN interrupts the line.</summary>
/// <param name="Name">Name in the legend; empty to leave it out.</param>
/// <param name="X">Where.</param>
/// <param name="Y">How much.</param>
public sealed record Series(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y)
{
    public LineStyle Style { get; init; }

    /// <summary>Index into <see cref="Palette"/>, 0 to 7; the series' index if null.</summary>
    public int? Color { get; init; }
}

/// <summary>The area between two curves: a range, a confidence band.</summary>
public sealed record Band(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Low, IReadOnlyList<double> High, int Color = 0);

/// <summary>A labelled position on the x axis.</summary>
public sealed record ChartMark(double X, string Text, int Color = 7);

/// <summary>A histogram in a chart. The highest bar has the given share of the frame's height.</summary>
/// <param name="Name">Name in the legend.</param>
/// <param name="Edges">Bin edges, one more than there are counts.</param>
/// <param name="Counts">Count per bin.</param>
/// <param name="Share">Height of the highest bar, as a share of the frame's.</param>
public sealed record Bars(string Name, IReadOnlyList<double> Edges, IReadOnlyList<double> Counts, double Share = 0.9, int Color = 7);

/// <summary>Curves over a common x axis, with bands, bars in the background and marks.</summary>
public sealed record LineChart : Drawing
{
    // Twice the dots of a wide page; more would only enlarge the file.
    private const int MostPoints = 1000;

    public Axis X { get; init; } = new();

    public Axis Y { get; init; } = new();

    public IReadOnlyList<Series> Series { get; init; } = [];

    public IReadOnlyList<Band> Bands { get; init; } = [];

    public IReadOnlyList<ChartMark> Marks { get; init; } = [];

    public Bars? Background { get; init; }

    protected override IEnumerable<LegendEntry> Legend =>
    [
        .. Series.Select((s, i) => new LegendEntry(s.Color ?? i, s.Name, s.Style)).Where(s => s.Name.Length > 0),
        .. Bands.Where(b => b.Name.Length > 0).Select(b => new LegendEntry(b.Color, b.Name)),
        .. Background is { Name.Length: > 0 } bars ? new[] { new LegendEntry(bars.Color, bars.Name) } : [],
    ];

    internal static string ClassOf(LineStyle style) => style switch { LineStyle.Dashed => " dashed", LineStyle.Faint => " faint", _ => "" };

    protected override void Draw(Markup svg)
    {
        var frame = new Frame(X, Y,
            Series.SelectMany(s => s.X).Concat(Bands.SelectMany(b => b.X)).Concat(Background?.Edges ?? []).Concat(Marks.Select(m => m.X)),
            Series.SelectMany(s => s.Y).Concat(Bands.SelectMany(b => b.Low.Concat(b.High))));
        frame.Draw(svg);
        Frame.BeginClip(svg);
        if (Background is not null)
            DrawBars(svg, frame, Background);
        foreach (Band band in Bands)
            DrawBand(svg, frame, band);
        foreach (ChartMark mark in Marks)
        {
            double x = frame.X[mark.X];
            svg.Empty("line", ("class", $"mark {Palette.Stroke(mark.Color)}"), ("x1", x), ("x2", x), ("y1", Frame.Inner.Top), ("y2", Frame.Inner.Bottom));
            bool left = x > (Frame.Inner.Left + Frame.Inner.Right) / 2;
            svg.Element("text", mark.Text, ("x", x + (left ? -5 : 5)), ("y", Frame.Inner.Top + 14), ("text-anchor", left ? "end" : "start"));
        }
        for (int i = 0; i < Series.Count; i++)
            DrawSeries(svg, frame, Series[i], Series[i].Color ?? i);
        Frame.EndClip(svg);
    }

    private static void DrawBars(Markup svg, Frame frame, Bars bars)
    {
        double top = bars.Counts.Count > 0 ? bars.Counts.Max() : 0, bottom = Frame.Inner.Bottom, height = bars.Share * (bottom - Frame.Inner.Top);
        for (int i = 0; i < bars.Counts.Count && top > 0; i++)
        {
            double left = frame.X[bars.Edges[i]], right = frame.X[bars.Edges[i + 1]], h = height * bars.Counts[i] / top;
            if (h > 0)
                svg.Empty("rect", ("class", $"bar {Palette.Fill(bars.Color)}"), ("x", left), ("y", bottom - h), ("width", Math.Max(0.5, right - left - 0.5)), ("height", h));
        }
    }

    private static void DrawBand(Markup svg, Frame frame, Band band)
    {
        var path = new StringBuilder();
        int[] there = [.. Enumerable.Range(0, band.X.Count).Where(i => double.IsFinite(frame.Y[band.Low[i]]) && double.IsFinite(frame.Y[band.High[i]]))];
        foreach (int i in there)
            Point(path, path.Length == 0 ? 'M' : 'L', frame.X[band.X[i]], frame.Y[band.High[i]]);
        foreach (int i in there.Reverse())
            Point(path, 'L', frame.X[band.X[i]], frame.Y[band.Low[i]]);
        if (path.Length > 0)
            svg.Empty("path", ("class", $"band {Palette.Fill(band.Color)}"), ("d", path.Append('Z').ToString()));
    }

    private static void DrawSeries(Markup svg, Frame frame, Series series, int color)
    {
        if (series.Style == LineStyle.Points)
        {
            for (int i = 0; i < series.X.Count; i++)
            {
                (double x, double y) = (frame.X[series.X[i]], frame.Y[series.Y[i]]);
                if (double.IsFinite(x) && double.IsFinite(y))
                    svg.Open("circle", ("class", Palette.Fill(color)), ("cx", x), ("cy", y), ("r", 3.5)).Element("title", $"{series.Name} {AxisScale.TextOf(series.X[i])}: {AxisScale.TextOf(series.Y[i])}").Close("circle");
            }
            return;
        }
        svg.Open("path", ("class", $"line {Palette.Stroke(color)}{ClassOf(series.Style)}"), ("d", PathOf(frame, series)));
        svg.Element("title", series.Name).Close("path");
    }

    private static string PathOf(Frame frame, Series series)
    {
        var path = new StringBuilder();
        bool down = false;
        foreach (int i in Thinned(series.Y))
        {
            (double x, double y) = (frame.X[series.X[i]], frame.Y[series.Y[i]]);
            bool there = double.IsFinite(x) && double.IsFinite(y);
            if (there)
                Point(path, down ? 'L' : 'M', x, y);
            down = there;
        }
        return path.ToString();
    }

    // The minimum and maximum of each interval of a long series are kept: no spike is lost.
    private static IEnumerable<int> Thinned(IReadOnlyList<double> y)
    {
        if (y.Count <= MostPoints)
            return Enumerable.Range(0, y.Count);
        int stretches = MostPoints / 2;
        return Enumerable.Range(0, stretches).SelectMany(s =>
        {
            int begin = (int)((long)s * y.Count / stretches), end = (int)((long)(s + 1) * y.Count / stretches);
            (int least, int most) = (begin, begin);
            for (int i = begin; i < end; i++)
            {
                least = y[i] < y[least] || double.IsNaN(y[least]) ? i : least;
                most = y[i] > y[most] || double.IsNaN(y[most]) ? i : most;
            }
            return new[] { Math.Min(least, most), Math.Max(least, most) }.Distinct();
        });
    }

    private static void Point(StringBuilder path, char command, double x, double y) =>
        path.Append(CultureInfo.InvariantCulture, $"{command}{Markup.Number(x)} {Markup.Number(y)}");
}
