namespace GpuGrad.Training.Pictures;

/// <summary>The eight colours of series, each with a shade for a light and one for a dark page, and continuous colour scales.</summary>
public static class Palette
{
    public const int Count = 8;

    // Blue, orange, green, red, purple, brown, cyan, grey: distinguishable with common colour blindness.
    internal static readonly (string Light, string Dark)[] Shades =
    [
        ("#1f6fb4", "#6cb2f0"), ("#c9610a", "#f5a35c"), ("#2a8a4a", "#6fd08c"), ("#c0332f", "#f4827c"),
        ("#7b4fb0", "#bd9bee"), ("#8a5a3c", "#d0a586"), ("#1090a0", "#62d3e0"), ("#6b7280", "#a3abb8"),
    ];

    internal static string Stroke(int color) => $"s{color % Count}";

    internal static string Fill(int color) => $"f{color % Count}";

    /// <summary>Sequential scale from dark blue over green to yellow (viridis); share from 0 to 1.</summary>
    public static string Sequential(double share) => Between(share, [(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)]);

    /// <summary>Diverging scale from blue over white (0.5) to red; share from 0 to 1.</summary>
    public static string Diverging(double share) => Between(share, [(33, 102, 172), (146, 197, 222), (247, 247, 247), (244, 165, 130), (178, 24, 43)]);

    /// <summary>Scale from grey (worst) over blue to orange (best); readable on a light and a dark page.</summary>
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
