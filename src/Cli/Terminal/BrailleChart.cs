using System.Globalization;
using System.Text;

namespace GpuGrad.Cli.Terminal;

/// <summary>A curve of a <see cref="BrailleChart"/>.</summary>
/// <param name="Color">A colour name of Spectre's markup.</param>
/// <param name="Points">From left to right; points that are not finite are left out.</param>
internal sealed record TerminalCurve(string Color, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Draws curves as braille dots, two by four per character; on a log scale if the values span more than a decade and a half.</summary>
internal static class BrailleChart
{
    private const int LabelWidth = 9;
    private const double LogRatio = 30;

    // The bit of each dot of a character: rows from the top, left and right.
    private static readonly int[,] Bits = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    /// <summary>Lines of markup of the given width; later curves are drawn over earlier ones.</summary>
    public static IReadOnlyList<string> Draw(IReadOnlyList<TerminalCurve> curves, int width, int height)
    {
        (double X, double Y)[] all = [.. curves.SelectMany(c => Finite(c))];
        int across = Math.Max(1, width - LabelWidth);
        if (all.Length == 0)
            return [.. Enumerable.Repeat(new string(' ', width), height)];
        var (left, right, low, high) = (all.Min(p => p.X), all.Max(p => p.X), all.Min(p => p.Y), all.Max(p => p.Y));
        bool log = low > 0 && high / low >= LogRatio;
        double Up(double y) => log ? Math.Log(y) : y;
        double Share(double v, double from, double to) => to > from ? (v - from) / (to - from) : 0.5;
        var dots = new int[height, across];
        var colors = new string[height, across];
        foreach (TerminalCurve curve in curves)
        {
            (double X, double Y)[] places = [.. Finite(curve).Select(p => (Share(p.X, left, right) * ((2 * across) - 1), (1 - Share(Up(p.Y), Up(low), Up(high))) * ((4 * height) - 1)))];
            for (int i = 0; i < places.Length; i++)
                Line(places[Math.Max(0, i - 1)], places[i], curve.Color, dots, colors);
        }
        return [.. Enumerable.Range(0, height).Select(r => Label(r, height, low, high) + Row(r, dots, colors))];
    }

    private static IEnumerable<(double X, double Y)> Finite(TerminalCurve curve) => curve.Points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y));

    private static void Line((double X, double Y) from, (double X, double Y) to, string color, int[,] dots, string[,] colors)
    {
        int steps = (int)Math.Ceiling(Math.Max(Math.Abs(to.X - from.X), Math.Abs(to.Y - from.Y)));
        for (int i = 0; i <= steps; i++)
        {
            double share = steps == 0 ? 0 : (double)i / steps;
            int x = (int)Math.Round(from.X + (share * (to.X - from.X))), y = (int)Math.Round(from.Y + (share * (to.Y - from.Y)));
            dots[y / 4, x / 2] |= Bits[y % 4, x % 2];
            colors[y / 4, x / 2] = color;
        }
    }

    private static string Label(int row, int height, double low, double high) =>
        (row == 0 ? high.ToString("G3", CultureInfo.InvariantCulture) : row == height - 1 ? low.ToString("G3", CultureInfo.InvariantCulture) : "").PadLeft(LabelWidth - 1) + " ";

    private static string Row(int row, int[,] dots, string[,] colors)
    {
        var text = new StringBuilder();
        string? color = null;
        for (int c = 0; c < dots.GetLength(1); c++)
        {
            if (colors[row, c] != color)
            {
                text.Append(color is null ? "" : "[/]").Append(colors[row, c] is { } next ? $"[{next}]" : "");
                color = colors[row, c];
            }
            text.Append(dots[row, c] == 0 ? ' ' : (char)(0x2800 + dots[row, c]));
        }
        return text.Append(color is null ? "" : "[/]").ToString();
    }
}
