using System.Globalization;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Interprets the texts of a label column.</summary>
internal static class ClassTexts
{
    // Common texts for missing values. "none" is not included: it is often a class.
    private static readonly HashSet<string> Missing = new(["?", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "+nan", "null"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Those of them that a config lists explicitly.</summary>
    public static IReadOnlyList<string> UsualGaps { get; } = ["?", "NA", "N/A", "NaN", "nan", "null"];

    public static bool IsMissing(string text) => Missing.Contains(text);

    /// <summary>The value of an integer in any notation: 1, +1, 01 and 1.0 are the same.</summary>
    public static bool TryWhole(string text, out decimal value) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value)
        && value == decimal.Truncate(value);

    public static decimal Value(string text) => TryWhole(text, out decimal value) ? value : 0;

    /// <summary>Name of the class with this number.</summary>
    public static string NameOf(decimal value) => value == 0 ? "0" : decimal.Truncate(value).ToString("0", CultureInfo.InvariantCulture);

    public static bool AreWhole(IEnumerable<string> texts) => texts.All(t => TryWhole(t, out _));

    /// <summary>Whether a text is a code: digits with a leading 0, such as the postal code 01067, which differs from 1067.</summary>
    public static bool IsCode(ReadOnlySpan<char> text) => text.Length > 1 && text[0] == '0' && !text.ContainsAnyExceptInRange('0', '9');

    /// <summary>The same for bytes.</summary>
    public static bool IsCode(ReadOnlySpan<byte> text) => text.Length > 1 && text[0] == (byte)'0' && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');

    /// <summary>Whether distinct texts may be the same value: integers, none of them a code.</summary>
    public static bool AreNumbers(IReadOnlyCollection<string> texts) => AreWhole(texts) && !texts.Any(t => IsCode(t));

    /// <summary>The distinct names: numbers by value, others by code points.</summary>
    public static string[] InOrder(IEnumerable<string> names)
    {
        string[] different = [.. names.Distinct(StringComparer.Ordinal)];
        return AreNumbers(different) ? [.. different.OrderBy(Value)] : [.. different.Order(StringComparer.Ordinal)];
    }

    /// <summary>Indices of classes in an order; for a repeated name, the first.</summary>
    /// <param name="classes">The class of each sample.</param>
    /// <param name="order">The classes in order.</param>
    /// <param name="file">Position of a sample, for messages.</param>
    /// <param name="nameless">Description of a sample whose class has no name.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a class that is not in the order.</exception>
    public static int[] Labels(IReadOnlyList<string> classes, IReadOnlyList<string> order, Func<int, string> file, string? nameless = null)
    {
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < order.Count; i++)
            known.TryAdd(order[i], i);
        return [.. classes.Select((name, i) => known.TryGetValue(name, out int label) ? label : throw DataFault.In(
            file(i), name.Length == 0 && nameless is not null ? nameless : $"the class {DataFault.Quote(name)}", $"one of those of the training data: {DataFault.Some(order)}"))];
    }
}
