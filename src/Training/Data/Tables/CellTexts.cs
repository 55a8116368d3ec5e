using System.Globalization;
using System.Text.RegularExpressions;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Classifies the text of a cell.</summary>
internal static partial class CellTexts
{
    private static readonly (string No, string Yes)[] Booleans = [("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"), ("off", "on"), ("0", "1"), ("0.0", "1.0")];

    /// <summary>A text without surrounding blanks and without the single quotes that some programs add.</summary>
    public static string Clean(string text)
    {
        text = text.Trim();
        return text.Length > 1 && text[0] == '\'' && text[^1] == '\'' ? text[1..^1].Trim() : text;
    }

    public static bool? Boolean(string text)
    {
        foreach ((string no, string yes) in Booleans)
        {
            if (text.Equals(no, StringComparison.OrdinalIgnoreCase))
                return false;
            if (text.Equals(yes, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return null;
    }

    /// <summary>Whether distinct texts are one of the pairs for false and true, or one of its two.</summary>
    public static bool AreBoolean(IReadOnlyCollection<string> texts) =>
        texts.Count is 1 or 2 && texts.All(t => !ClassTexts.TryWhole(t, out _))
        && Booleans.Any(b => texts.All(t => t.Equals(b.No, StringComparison.OrdinalIgnoreCase) || t.Equals(b.Yes, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Whether a text is probably a number in another notation: 1,000, 0,5, $2, (2), 2-, 0x10, Infinity, 1e39.</summary>
    public static bool LooksNumeric(string text) =>
        text.Contains('\0', StringComparison.Ordinal) || text.Any(c => char.IsDigit(c) && !char.IsAsciiDigit(c)) || Numeric().IsMatch(text)
        || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    /// <summary>Whether a text is what programs write for infinity: inf, -Infinity, ∞.</summary>
    public static bool IsInfinite(string text) => text.Trim().TrimStart('+', '-').ToLowerInvariant() is "inf" or "infinity" or "∞";

    // Linear in the text, so it needs no timeout, which would depend on how busy the machine is.
    [GeneratedRegex(@"^(0x[0-9a-f]+|[-+]?\s*(inf|infinity)|[-+($€£¥\s]*\d{1,3}([,'_. ]\d{3})+([.,]\d+)?[)%€\s-]*|[-+($€£¥\s]*\d*([.,]\d+|\d)(e[-+]?\d+)?[)%€\s-]*)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Numeric();
}
