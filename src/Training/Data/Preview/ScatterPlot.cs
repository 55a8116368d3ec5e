using System.Globalization;

namespace GpuGrad.Training.Data.Preview;

/// <summary>Draws samples of two features as coloured points, or of one feature with one target as a graph.</summary>
internal static class ScatterPlot
{
    private const int Side = 480, Margin = 34, Legend = 120, MostNames = 24;

    public static byte[] Draw(SampleSet samples, IReadOnlyList<string>? names, int count)
    {
        count = Math.Min(count, samples.Count);
        (double X, double Y)[] points = [.. Enumerable.Range(0, count).Select(i => samples.TargetSize == 1
            ? (samples[i], samples.Targets![i])
            : (samples[2 * i], samples[(2 * i) + 1]))];
        (double left, double right) = Range(points.Select(p => p.X));
        (double bottom, double top) = Range(points.Select(p => p.Y));
        var canvas = new Canvas(Margin + Side + Margin + (samples.Labels is null ? 0 : Legend), Margin + Side + Margin);
        canvas.Frame(Margin, Margin, Side, Side, Colour.Line);
        for (int i = 0; i < count; i++)
        {
            int x = Margin + (int)Math.Round((points[i].X - left) / (right - left) * (Side - 1));
            int y = Margin + (int)Math.Round((top - points[i].Y) / (top - bottom) * (Side - 1));
            canvas.Dot(x, y, Colour.OfClass(samples.Labels?[i] ?? 0));
        }
        canvas.Text(Margin, Margin + Side + 6, Number(left), Colour.Ink);
        canvas.Text(Margin + Side - (Number(right).Length * Font.Advance), Margin + Side + 6, Number(right), Colour.Ink);
        canvas.Text(2, Margin, Number(top), Colour.Ink, Margin - 4);
        canvas.Text(2, Margin + Side - Font.Height, Number(bottom), Colour.Ink, Margin - 4);
        int classes = samples.Labels is null ? 0 : Math.Min(MostNames, samples.Labels.Max() + 1);
        for (int c = 0; c < classes; c++)
        {
            int y = Margin + 4 + (c * 14);
            canvas.Dot(Margin + Side + 14, y + 3, Colour.OfClass(c));
            canvas.Text(Margin + Side + 24, y, names?[c] ?? $"class {c}", Colour.Ink, Legend);
        }
        return canvas.ToPng();
    }

    // A little margin on both sides.
    private static (double Low, double High) Range(IEnumerable<double> values)
    {
        (double low, double high) = (values.Min(), values.Max());
        double room = high > low ? 0.04 * (high - low) : 1;
        return (low - room, high + room);
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
