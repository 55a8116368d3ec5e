using System.Globalization;

namespace GpuGrad.Training.Data.Formats;

/// <summary>The texts of a column of classes.</summary>
internal static class ClassTexts
{
    // What writers of tables put where they know nothing. "none" is not among them: it is a class as often as not.
    private static readonly HashSet<string> Missing = new(["?", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "+nan", "null"], StringComparer.OrdinalIgnoreCase);

    public static bool IsMissing(string text) => Missing.Contains(text);

    /// <summary>The value of a whole number however it is written: 1, +1, 01 and 1.0 are one.</summary>
    public static bool TryWhole(string text, out decimal value) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value)
        && value == decimal.Truncate(value);

    public static decimal Value(string text) => TryWhole(text, out decimal value) ? value : 0;

    /// <summary>How a class of that number is called.</summary>
    public static string NameOf(decimal value) => value == 0 ? "0" : decimal.Truncate(value).ToString("0", CultureInfo.InvariantCulture);

    public static bool AreWhole(IEnumerable<string> texts) => texts.All(t => TryWhole(t, out _));
}
