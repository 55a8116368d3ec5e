namespace GpuGrad.Training.Pictures;

/// <summary>A vertical axis.</summary>
/// <param name="Name">Label below it.</param>
/// <param name="Log">Whether it has a log scale.</param>
/// <param name="Labels">Labels at 0, 1, 2, … for an axis of categories; empty for numbers.</param>
public sealed record CoordinateAxis(string Name, bool Log, IReadOnlyList<string> Labels);

/// <summary>A line of the chart: one of the items compared.</summary>
/// <param name="Values">Its value on each axis; NaN if it has none, which is shown below the axis.</param>
/// <param name="Share">Its colour, from 0 for the worst to 1 for the best.</param>
/// <param name="Text">Text of its tooltip.</param>
public sealed record CoordinateLine(IReadOnlyList<double> Values, double Share, string Text);

/// <summary>Parallel coordinates (Inselberg, 1985): one axis per quantity, one line per item. Later lines are drawn over earlier ones.</summary>
public sealed record ParallelCoordinates : Drawing
{
    private const double Distance = 120, Left = 60, Right = 80, Top = 16, Bottom = 52, Tall = 324, Absent = Tall - Bottom + 18;

    public required IReadOnlyList<CoordinateAxis> Axes { get; init; }

    public required IReadOnlyList<CoordinateLine> Lines { get; init; }

    protected override (double Width, double Height) Size => (Left + Right + (Distance * (Axes.Count - 1)), Tall);

    protected override bool Scales => Axes.Count <= 6;

    protected override void Draw(Markup svg)
    {
        AxisScale[] scales = [.. Axes.Select((a, i) => new AxisScale(
            a.Labels.Count > 0 ? new Axis(Min: -0.5, Max: a.Labels.Count - 0.5) : new Axis(Log: a.Log), Lines.Select(l => l.Values[i]), Tall - Bottom, Top))];
        foreach (CoordinateLine line in Lines)
        {
            string points = string.Join(' ', line.Values.Select((v, i) => $"{Markup.Number(XOf(i))},{Markup.Number(double.IsFinite(scales[i][v]) ? scales[i][v] : Absent)}"));
            svg.Open("polyline", ("fill", "none"), ("stroke", Palette.Ranked(line.Share)), ("stroke-width", line.Share == 1 ? 3 : 1.2), ("stroke-opacity", line.Share == 1 ? 1 : 0.65), ("points", points));
            svg.Element("title", line.Text).Close("polyline");
        }
        for (int i = 0; i < Axes.Count; i++)
        {
            DrawAxis(svg, Axes[i], scales[i], XOf(i));
            if (Lines.Any(l => !double.IsFinite(scales[i][l.Values[i]])))
                svg.Element("text", "–", ("class", "over"), ("x", XOf(i) - 6), ("y", Absent + 4), ("text-anchor", "end"));
        }
    }

    private static double XOf(int axis) => Left + (axis * Distance);

    private static void DrawAxis(Markup svg, CoordinateAxis axis, AxisScale scale, double x)
    {
        svg.Empty("line", ("class", "axis"), ("x1", x), ("x2", x), ("y1", Top), ("y2", Tall - Bottom));
        foreach ((double value, string text) in axis.Labels.Count > 0 ? axis.Labels.Select((l, i) => ((double)i, l)) : scale.Ticks)
        {
            svg.Empty("line", ("class", "axis"), ("x1", x - 3), ("x2", x + 3), ("y1", scale[value]), ("y2", scale[value]));
            svg.Element("text", text, ("class", "over"), ("x", x - 6), ("y", scale[value] + 4), ("text-anchor", "end"));
        }
        svg.Element("text", axis.Name, ("class", "label"), ("x", x), ("y", Tall - 14), ("text-anchor", "middle"));
    }
}
