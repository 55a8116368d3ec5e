namespace GpuGrad.Training.Pictures;

/// <summary>What a colour, and a way to draw a line, stand for.</summary>
/// <param name="Color">0 to 7.</param>
/// <param name="Name">What it is.</param>
/// <param name="Style">How it is drawn.</param>
public readonly record struct LegendEntry(int Color, string Name, LineStyle Style = LineStyle.Solid);

/// <summary>Something to look at on an <see cref="HtmlPage"/>: an SVG drawing with a title, a legend and a remark.</summary>
public abstract record Drawing
{
    public required string Title { get; init; }

    /// <summary>What is to be seen in it, in a sentence or two; stands below.</summary>
    public string Remark { get; init; } = "";

    /// <summary>Size of the drawing in its own units; it is scaled to the width that the page has.</summary>
    protected virtual (double Width, double Height) Size => (Frame.Width, Frame.Height);

    /// <summary>False for a drawing that keeps its size and scrolls where the page is narrower.</summary>
    protected virtual bool Scales => true;

    /// <summary>What the drawing tells apart.</summary>
    protected virtual IEnumerable<LegendEntry> Legend => [];

    /// <summary>Writes the drawing's elements.</summary>
    protected abstract void Draw(Markup svg);

    /// <summary>The picture as an HTML figure.</summary>
    public string ToHtml()
    {
        (double width, double height) = Size;
        var html = new Markup();
        html.Open("figure", ("class", Scales ? "scales" : "scrolls"));
        html.Element("figcaption", Title);
        LegendEntry[] legend = [.. Legend];
        if (legend.Length > 0)
        {
            html.Open("p", ("class", "legend"));
            foreach (LegendEntry entry in legend)
                html.Open("span").Element("i", "", ("class", Palette.Fill(entry.Color) + LineChart.ClassOf(entry.Style))).Text(entry.Name).Close("span");
            html.Close("p");
        }
        html.Open("div");
        html.Open("svg", ("viewBox", $"0 0 {Markup.Number(width)} {Markup.Number(height)}"), ("role", "img"), ("aria-label", Title), ("style", Scales ? "" : $"width:{Markup.Number(width)}px"));
        Draw(html);
        html.Close("svg").Close("div");
        if (Remark.Length > 0)
            html.Element("p", Remark, ("class", "remark"));
        return html.Close("figure").ToString();
    }
}

/// <summary>The eight colours of things that are told apart. Each has a shade for a light and one for a dark page.</summary>
public static class Palette
{
    public const int Count = 8;

    // Blue, orange, green, red, purple, brown, cyan, grey: told apart also by most who see colours differently.
    internal static readonly (string Light, string Dark)[] Shades =
    [
        ("#1f6fb4", "#6cb2f0"), ("#c9610a", "#f5a35c"), ("#2a8a4a", "#6fd08c"), ("#c0332f", "#f4827c"),
        ("#7b4fb0", "#bd9bee"), ("#8a5a3c", "#d0a586"), ("#1090a0", "#62d3e0"), ("#6b7280", "#a3abb8"),
    ];

    internal static string Stroke(int color) => $"s{color % Count}";

    internal static string Fill(int color) => $"f{color % Count}";

    /// <summary>A colour between dark blue, green and yellow for a share from 0 to 1 (after matplotlib's viridis).</summary>
    public static string Sequential(double share) => Between(share, [(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)]);

    /// <summary>A colour from blue over white to red for a share from 0 to 1; 0.5 is the middle.</summary>
    public static string Diverging(double share) => Between(share, [(33, 102, 172), (146, 197, 222), (247, 247, 247), (244, 165, 130), (178, 24, 43)]);

    /// <summary>Grey for the worst, blue in the middle, orange for the best; seen on a light page and on a dark one.</summary>
    public static string Ranked(double share) => Between(share, [(154, 163, 173), (60, 130, 200), (233, 120, 25)]);

    /// <summary>Whether dark text reads better on a colour of <see cref="Sequential"/>.</summary>
    internal static bool IsLight(double share) => share > 0.55;

    private static string Between(double share, ReadOnlySpan<(int R, int G, int B)> stops)
    {
        double at = (double.IsNaN(share) ? 0 : Math.Clamp(share, 0, 1)) * (stops.Length - 1);
        int below = Math.Min((int)at, stops.Length - 2);
        double part = at - below;
        ((int r0, int g0, int b0), (int r1, int g1, int b1)) = (stops[below], stops[below + 1]);
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"#{Mix(r0, r1, part):x2}{Mix(g0, g1, part):x2}{Mix(b0, b1, part):x2}");
    }

    private static int Mix(int from, int to, double part) => (int)Math.Round(from + ((to - from) * part));
}
