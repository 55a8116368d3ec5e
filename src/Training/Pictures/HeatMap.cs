using System.Text;

namespace GpuGrad.Training.Pictures;

/// <summary>A line over a heat map, in the units of its axes, with labels at its start and end.</summary>
public sealed record Trail(IReadOnlyList<double> X, IReadOnlyList<double> Y, string Begin = "", string End = "");

/// <summary>A matrix of numbers as colours.</summary>
public sealed record HeatMap : Drawing
{
    private const double Left = 92;
    private const double Top = 8;
    private const double Side = 366;
    private const double LegendLeft = Left + Side + 22;

    /// <summary>Rows from the top; NaN is left empty.</summary>
    public required double[,] Values { get; init; }

    /// <summary>Names of the rows; with <see cref="ColumnNames"/>. A map over numbers has <see cref="XRange"/> and <see cref="YRange"/> instead.</summary>
    public IReadOnlyList<string>? RowNames { get; init; }

    public IReadOnlyList<string>? ColumnNames { get; init; }

    /// <summary>The x of the first and the last column.</summary>
    public (double Low, double High)? XRange { get; init; }

    /// <summary>The y of the last row (at the bottom) and of the first.</summary>
    public (double Low, double High)? YRange { get; init; }

    public string X { get; init; } = "";

    public string Y { get; init; } = "";

    /// <summary>Whether colours are on a log scale.</summary>
    public bool Log { get; init; }

    /// <summary>Whether colours go from blue over white (0) to red instead of from dark to light.</summary>
    public bool Diverging { get; init; }

    /// <summary>Whether to write each number into its cell; for small matrices.</summary>
    public bool ShowNumbers { get; init; }

    public IReadOnlyList<Trail> Trails { get; init; } = [];

    private int Rows => Values.GetLength(0);

    private int Columns => Values.GetLength(1);

    private double CellWidth => Side / Math.Max(1, Columns);

    private double CellHeight => Height / Math.Max(1, Rows);

    // Wide and flat tables get flat rows; maps over two ranges are square.
    private double Height => XRange is not null ? Side : Math.Min(Side, Math.Max(120, Rows * 30));

    protected override (double Width, double Height) Size => (Frame.Width, Top + Height + 54);

    protected override void Draw(Markup svg)
    {
        double[] finite = [.. Values.Cast<double>().Where(v => double.IsFinite(v) && (!Log || v > 0))];
        (double low, double high) = finite.Length > 0 ? (Place(finite.Min()), Place(finite.Max())) : (0, 1);
        if (Diverging)
            (low, high) = (-Math.Max(Math.Abs(low), Math.Abs(high)), Math.Max(Math.Abs(low), Math.Abs(high)));
        if (!(high > low))
            (low, high) = (low - 0.5, high + 0.5);
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
                DrawCell(svg, row, column, (Place(Values[row, column]) - low) / (high - low));
        }
        foreach (Trail trail in Trails)
            DrawTrail(svg, trail);
        DrawAxes(svg);
        DrawLegend(svg, low, high);
    }

    private double Place(double value) => !Log ? value : value > 0 ? Math.Log10(value) : double.NaN;

    private string ColorOf(double share) => Diverging ? Palette.Diverging(share) : Palette.Sequential(share);

    private void DrawCell(Markup svg, int row, int column, double share)
    {
        if (double.IsNaN(share))
            return;
        // Half a dot larger than its cell: no seams between neighbours.
        (double x, double y) = (Left + (column * CellWidth), Top + (row * CellHeight));
        svg.Empty("rect", ("fill", ColorOf(share)), ("x", x), ("y", y), ("width", CellWidth + 0.4), ("height", CellHeight + 0.4));
        if (ShowNumbers)
        {
            bool dark = Diverging ? share is > 0.2 and < 0.8 : Palette.IsLight(share);
            svg.Element("text", AxisScale.TextOf(Math.Round(Values[row, column], 3)), ("x", x + (CellWidth / 2)), ("y", y + (CellHeight / 2) + 4), ("text-anchor", "middle"), ("style", $"fill:{(dark ? "#111" : "#fff")};font-size:{Markup.Number(Math.Clamp(CellWidth / 3, 7, 13))}px"));
        }
    }

    private void DrawTrail(Markup svg, Trail trail)
    {
        if (XRange is not { } xs || YRange is not { } ys || trail.X.Count == 0)
            return;
        var path = new StringBuilder();
        (double X, double Y)[] points = [.. trail.X.Select((x, i) => (Left + (CellWidth / 2) + ((x - xs.Low) / (xs.High - xs.Low) * (Side - CellWidth)), Top + Height - (CellHeight / 2) - ((trail.Y[i] - ys.Low) / (ys.High - ys.Low) * (Height - CellHeight))))];
        foreach ((double x, double y) in points)
            path.Append(path.Length == 0 ? 'M' : 'L').Append(Markup.Number(x)).Append(' ').Append(Markup.Number(y));
        svg.Empty("path", ("class", "trail"), ("d", path.ToString()));
        foreach ((double x, double y) in points)
            svg.Empty("circle", ("class", "stop"), ("cx", x), ("cy", y), ("r", points.Length > 60 ? 1.5 : 2.5));
        foreach (((double x, double y), string word) in new[] { (points[0], trail.Begin), (points[^1], trail.End) })
        {
            if (word.Length > 0)
                svg.Element("text", word, ("class", "halo"), ("x", x + 7), ("y", y - 6));
        }
    }

    private void DrawAxes(Markup svg)
    {
        double bottom = Top + Height;
        if (XRange is { } xs && YRange is { } ys)
        {
            var x = new AxisScale(new Axis(Min: xs.Low, Max: xs.High), [], Left + (CellWidth / 2), Left + Side - (CellWidth / 2));
            var y = new AxisScale(new Axis(Min: ys.Low, Max: ys.High), [], bottom - (CellHeight / 2), Top + (CellHeight / 2));
            foreach ((double value, string text) in x.Ticks)
                svg.Element("text", text, ("x", x[value]), ("y", bottom + 18), ("text-anchor", "middle"));
            foreach ((double value, string text) in y.Ticks)
                svg.Element("text", text, ("x", Left - 7), ("y", y[value] + 4), ("text-anchor", "end"));
        }
        for (int i = 0; i < (RowNames?.Count ?? 0); i++)
            svg.Element("text", Cut(RowNames![i], 10), ("x", Left - 7), ("y", Top + ((i + 0.5) * CellHeight) + 4), ("text-anchor", "end"));
        for (int i = 0; i < (ColumnNames?.Count ?? 0); i++)
            svg.Element("text", Cut(ColumnNames![i], (int)(CellWidth / 6.5)), ("x", Left + ((i + 0.5) * CellWidth)), ("y", bottom + 18), ("text-anchor", "middle"));
        svg.Element("text", X, ("class", "label"), ("x", Left + (Side / 2)), ("y", bottom + 42), ("text-anchor", "middle"));
        double middle = Top + (Height / 2);
        svg.Element("text", Y, ("class", "label"), ("x", 14.0), ("y", middle), ("text-anchor", "middle"), ("transform", $"rotate(-90 14 {Markup.Number(middle)})"));
    }

    private void DrawLegend(Markup svg, double low, double high)
    {
        const int Steps = 32;
        double step = Height / Steps;
        for (int i = 0; i < Steps; i++)
            svg.Empty("rect", ("fill", ColorOf(1 - ((i + 0.5) / Steps))), ("x", LegendLeft), ("y", Top + (i * step)), ("width", 14.0), ("height", step + 0.4));
        for (int i = 0; i <= 2; i++)
        {
            double value = low + ((high - low) * i / 2);
            double shown = Log ? Math.Pow(10, value) : value;
            svg.Element("text", AxisScale.TextOf(double.Parse(shown.ToString("G3", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture)), ("x", LegendLeft + 20), ("y", Math.Clamp(Top + Height - (Height * i / 2) + 4, Top + 10, Top + Height)));
        }
    }

    private static string Cut(string text, int most) => text.Length <= most ? text : most < 2 ? text[..Math.Min(1, text.Length)] : text[..(most - 1)] + "…";
}
