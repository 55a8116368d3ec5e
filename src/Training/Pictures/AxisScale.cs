using System.Globalization;

namespace GpuGrad.Training.Pictures;

/// <summary>Settings of an axis.</summary>
/// <param name="Label">Label beside it.</param>
/// <param name="Log">Whether it has a log scale; numbers not above 0 are then left out.</param>
/// <param name="Min">Lower end; the smallest number if null.</param>
/// <param name="Max">Upper end; the largest number if null.</param>
public sealed record Axis(string Label = "", bool Log = false, double? Min = null, double? Max = null);

/// <summary>Maps numbers to coordinates in a drawing.</summary>
internal sealed class AxisScale
{
    private const int MostTicks = 6;

    private readonly bool log;
    private readonly double low;
    private readonly double high;
    private readonly double from;
    private readonly double to;

    public AxisScale(Axis axis, IEnumerable<double> values, double from, double to)
    {
        log = axis.Log;
        double[] shown = [.. values.Where(v => double.IsFinite(v) && (!log || v > 0))];
        low = Place(axis.Min ?? (shown.Length > 0 ? shown.Min() : log ? 0.1 : 0));
        high = Place(axis.Max ?? (shown.Length > 0 ? shown.Max() : 1));
        if (!(high - low > 1e-12 * Math.Max(1, Math.Abs(low))))
        {
            double widen = log ? 0.5 : Math.Max(0.5, Math.Abs(low) * 0.1);
            (low, high) = (low - widen, high + widen);
        }
        // A small margin at automatic ends, so that no curve touches the frame.
        double air = (high - low) * 0.04;
        low -= axis.Min is null ? air : 0;
        high += axis.Max is null ? air : 0;
        (this.from, this.to) = (from, to);
    }

    /// <summary>The coordinate of a number; NaN if it has none. Coordinates beyond the axis are bounded.</summary>
    public double this[double value]
    {
        get
        {
            double place = Place(value);
            return double.IsFinite(place) ? from + (Math.Clamp((place - low) / (high - low), -10, 11) * (to - from)) : double.NaN;
        }
    }

    /// <summary>Numbers to mark, with their labels.</summary>
    public IEnumerable<(double Value, string Text)> Ticks => (log ? LogTicks() : LinearTicks()).Select(v => (v, TextOf(v)));

    /// <summary>A short form of a number.</summary>
    public static string TextOf(double value)
    {
        double size = Math.Abs(value);
        if (size != 0 && (size < 1e-3 || size >= 1e5))
            return value.ToString("0.##e0", CultureInfo.InvariantCulture);
        return (value + 0.0).ToString("0.####", CultureInfo.InvariantCulture); // -0 becomes 0
    }

    private double Place(double value) => !log ? value : value > 0 ? Math.Log10(value) : double.NaN;

    private IEnumerable<double> LinearTicks()
    {
        double rough = (high - low) / MostTicks, unit = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = unit * new[] { 1.0, 2, 5, 10 }.First(f => f * unit >= rough);
        for (double i = Math.Ceiling(low / step); i * step <= high; i++)
            yield return i == 0 ? 0 : Math.Round(i * step, 12);
    }

    private IEnumerable<double> LogTicks()
    {
        if (high - low < 1)
        {
            foreach (double value in new[] { 1.0, 2, 3, 5, 7 }.SelectMany(f => new[] { f * Math.Pow(10, Math.Floor(low)), f * Math.Pow(10, Math.Floor(low) + 1) }).Order())
            {
                if (Math.Log10(value) >= low && Math.Log10(value) <= high)
                    yield return value;
            }
            yield break;
        }
        double step = Math.Max(1, Math.Ceiling((high - low) / (MostTicks + 1)));
        for (double exponent = Math.Ceiling(low / step) * step; exponent <= high; exponent += step)
            yield return Math.Pow(10, exponent);
    }
}
