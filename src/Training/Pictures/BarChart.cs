namespace GpuGrad.Training.Pictures;

/// <summary>A bar with its name.</summary>
/// <param name="Name">Label at its left.</param>
/// <param name="Value">Its length.</param>
/// <param name="Color">Index into <see cref="Palette"/>, 0 to 7.</param>
/// <param name="Text">Label at its end; the number if null.</param>
public sealed record Bar(string Name, double Value, int Color = 0, string? Text = null);

/// <summary>Horizontal bars, one per name.</summary>
public sealed record BarChart : Drawing
{
    private const double RowHeight = 24;
    private const double ForValue = 84;

    // On a narrow page text is larger relative to the drawing.
    private const double LetterWidth = 9;

    public required IReadOnlyList<Bar> Rows { get; init; }

    /// <summary>The axis of the values; <see cref="Axis.Log"/> for values that differ by powers of ten.</summary>
    public Axis Axis { get; init; } = new();

    /// <summary>Legend: colours and their meanings.</summary>
    public IReadOnlyList<(int Color, string Name)> Meanings { get; init; } = [];

    protected override (double Width, double Height) Size => (Frame.Width, (Rows.Count * RowHeight) + (Axis.Label.Length > 0 ? 32 : 8));

    protected override IEnumerable<LegendEntry> Legend => Meanings.Select(m => new LegendEntry(m.Color, m.Name));

    // Names are truncated to a third of the width.
    protected override void Draw(Markup svg)
    {
        const int MostLetters = 24;
        double left = 12 + (LetterWidth * Math.Min(MostLetters, Rows.Count > 0 ? Rows.Max(r => r.Name.Length) : 0));
        Axis axis = Axis with { Min = Axis.Min ?? (Axis.Log ? null : Rows.Select(r => r.Value).Where(double.IsFinite).Append(0).Min()) };
        var scale = new AxisScale(axis, Rows.Select(r => r.Value), left, Frame.Width - ForValue);
        double zero = Axis.Log ? left : scale[Math.Max(0, axis.Min ?? 0)];
        for (int i = 0; i < Rows.Count; i++)
        {
            Bar row = Rows[i];
            double y = (i * RowHeight) + 4, end = scale[row.Value];
            string name = row.Name.Length > MostLetters ? row.Name[..(MostLetters - 1)] + "…" : row.Name;
            svg.Element("text", name, ("x", left - 8), ("y", y + 15), ("text-anchor", "end"));
            if (double.IsFinite(end))
                svg.Empty("rect", ("class", Palette.Fill(row.Color)), ("x", Math.Min(zero, end)), ("y", y + 2), ("width", Math.Max(1, Math.Abs(end - zero))), ("height", RowHeight - 7), ("rx", 2));
            svg.Element("text", row.Text ?? AxisScale.TextOf(row.Value), ("x", Math.Max(zero, double.IsFinite(end) ? end : zero) + 6), ("y", y + 15));
        }
        if (Axis.Label.Length > 0)
            svg.Element("text", Axis.Label, ("class", "label"), ("x", (left + Frame.Width - ForValue) / 2), ("y", (Rows.Count * RowHeight) + 22), ("text-anchor", "middle"));
    }
}
