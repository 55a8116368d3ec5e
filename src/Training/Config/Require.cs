using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace GpuGrad.Training.Config;

/// <summary>Checks values as they enter a config record; each returns the value.</summary>
[StackTraceHidden]
public static class Require
{
    public static int Positive(int value) => value > 0 ? value : Refuse<int>(value, "a whole number above 0");

    public static int NonNegative(int value) => value >= 0 ? value : Refuse<int>(value, "0 or more");

    public static int Between(int value, int low, int high) =>
        value >= low && value <= high ? value : Refuse<int>(value, $"a whole number from {low} to {high}");

    public static double Positive(double value) => value > 0 && double.IsFinite(value) ? value : Refuse<double>(value, "a number above 0");

    public static double NonNegative(double value) => value >= 0 && double.IsFinite(value) ? value : Refuse<double>(value, "a number of 0 or more");

    public static double Finite(double value) => double.IsFinite(value) ? value : Refuse<double>(value, "a finite number");

    /// <summary>Requires 0 ≤ value &lt; 1.</summary>
    public static double Fraction(double value) => value is >= 0 and < 1 ? value : Refuse<double>(value, "a number from 0 to below 1");

    public static double Between(double value, double low, double high) =>
        value >= low && value <= high ? value : Refuse<double>(value, string.Create(CultureInfo.InvariantCulture, $"a number from {low} to {high}"));

    public static string NotEmpty(string value) => value.Length > 0 ? value : throw new Yaml.ConfigValueException("an empty text", "some text");

    public static IReadOnlyList<T> NotEmpty<T>(IReadOnlyList<T> value) => value.Count > 0 ? value : throw new Yaml.ConfigValueException("an empty list", "at least one item");

    [DoesNotReturn]
    private static T Refuse<T>(IFormattable found, string expected) =>
        throw new Yaml.ConfigValueException(found.ToString(null, CultureInfo.InvariantCulture), expected);
}
