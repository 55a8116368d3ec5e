namespace GpuGrad.Training.Pictures;

/// <summary>Draws the axes of a chart.</summary>
internal sealed class Frame
{
    public const double Width = 560;
    public const double Height = 330;
    private const double Left = 70;
    private const double Right = 14;
    private const double Top = 10;
    private const double Bottom = 54;

    public Frame(Axis x, Axis y, IEnumerable<double> xs, IEnumerable<double> ys)
    {
        (XAxis, YAxis) = (x, y);
        X = new AxisScale(x, xs, Left, Width - Right);
        Y = new AxisScale(y, ys, Height - Bottom, Top);
    }

    public Axis XAxis { get; }

    public Axis YAxis { get; }

    public AxisScale X { get; }

    public AxisScale Y { get; }

    public static (double Left, double Top, double Right, double Bottom) Inner => (Left, Top, Width - Right, Height - Bottom);

    /// <summary>Draws the grid and its numbers; call first.</summary>
    public void Draw(Markup svg)
    {
        foreach ((double value, string text) in X.Ticks)
        {
            double x = X[value];
            svg.Empty("line", ("class", "grid"), ("x1", x), ("x2", x), ("y1", Top), ("y2", Height - Bottom));
            svg.Element("text", text, ("x", x), ("y", Height - Bottom + 18), ("text-anchor", "middle"));
        }
        foreach ((double value, string text) in Y.Ticks)
        {
            double y = Y[value];
            svg.Empty("line", ("class", "grid"), ("x1", Left), ("x2", Width - Right), ("y1", y), ("y2", y));
            svg.Element("text", text, ("x", Left - 7), ("y", y + 4), ("text-anchor", "end"));
        }
        Labels(svg);
        svg.Empty("path", ("class", "axis"), ("d", $"M{Markup.Number(Left)} {Markup.Number(Top)}V{Markup.Number(Height - Bottom)}H{Markup.Number(Width - Right)}"));
    }

    /// <summary>Clips everything up to <see cref="EndClip"/> at the frame.</summary>
    public static void BeginClip(Markup svg) =>
        svg.Open("svg", ("x", Left), ("y", Top), ("width", Width - Left - Right), ("height", Height - Top - Bottom), ("viewBox", $"{Markup.Number(Left)} {Markup.Number(Top)} {Markup.Number(Width - Left - Right)} {Markup.Number(Height - Top - Bottom)}"));

    public static void EndClip(Markup svg) => svg.Close("svg");

    private void Labels(Markup svg)
    {
        if (XAxis.Label.Length > 0)
            svg.Element("text", XAxis.Label, ("class", "label"), ("x", (Left + Width - Right) / 2), ("y", Height - 10), ("text-anchor", "middle"));
        if (YAxis.Label.Length > 0)
        {
            double middle = (Top + Height - Bottom) / 2;
            svg.Element("text", YAxis.Label, ("class", "label"), ("x", 14.0), ("y", middle), ("text-anchor", "middle"), ("transform", $"rotate(-90 14 {Markup.Number(middle)})"));
        }
    }
}
