using System.Globalization;

namespace GpuGrad.Cli.Terminal;

/// <summary>Formats numbers for people.</summary>
public static class Format
{
    public static string Count(double value) => value switch
    {
        >= 1e12 => Invariant($"{value / 1e12:F2} T"),
        >= 1e9 => Invariant($"{value / 1e9:F2} G"),
        >= 1e6 => Invariant($"{value / 1e6:F2} M"),
        >= 1e4 => Invariant($"{value / 1e3:F1} k"),
        _ => Invariant($"{value:F0}"),
    };

    public static string Bytes(double value) => value switch
    {
        >= 1L << 30 => Invariant($"{value / (1L << 30):F2} GiB"),
        >= 1 << 20 => Invariant($"{value / (1 << 20):F1} MiB"),
        >= 1 << 10 => Invariant($"{value / (1 << 10):F1} KiB"),
        _ => Invariant($"{value:F0} B"),
    };

    public static string Seconds(double value) => value switch
    {
        >= 3600 => Invariant($"{(int)(value / 3600)} h {(int)(value / 60) % 60:D2} min"),
        >= 60 => Invariant($"{(int)(value / 60)} min {(int)value % 60:D2} s"),
        >= 1 => Invariant($"{value:F1} s"),
        _ => Invariant($"{value * 1000:F0} ms"),
    };

    /// <summary>Four decimals, or powers of ten for the huge values of a diverging run.</summary>
    public static string Loss(double value) => Math.Abs(value) < 1e5 ? Invariant($"{value:F4}") : Invariant($"{value:E3}");

    public static string Percent(double share) => Invariant($"{share * 100:F2} %");

    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
