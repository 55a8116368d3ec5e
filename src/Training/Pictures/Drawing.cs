namespace GpuGrad.Training.Pictures;

/// <summary>Something to look at on an <see cref="HtmlPage"/>: an SVG drawing with a title, a legend and a remark.</summary>
public abstract record Drawing
{
    public required string Title { get; init; }

    /// <summary>Caption below the picture, a sentence or two.</summary>
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

/// <summary>Eight distinct colours for series and classes, each with a shade for a light and one for a dark page.</summary>
public readonly record struct LegendEntry(int Color, string Name, LineStyle Style = LineStyle.Solid);
