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

    /// <summary>Whether a text is a code: digits that begin with a 0, such as the postal code 01067, of which 1067 is another.</summary>
    public static bool IsCode(ReadOnlySpan<char> text) => text.Length > 1 && text[0] == '0' && !text.ContainsAnyExceptInRange('0', '9');

    /// <summary>The same of bytes.</summary>
    public static bool IsCode(ReadOnlySpan<byte> text) => text.Length > 1 && text[0] == (byte)'0' && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');

    /// <summary>Whether different texts may be the same value: whole numbers, none of them a code.</summary>
    public static bool AreNumbers(IReadOnlyCollection<string> texts) => AreWhole(texts) && !texts.Any(t => IsCode(t));
}
