using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Splits a text with several labels: <c>comedy; drama</c>, or a list in Python's or JSON's syntax, <c>['comedy', 'drama']</c>.</summary>
internal static class TagTexts
{
    public const int MostTags = 10_000;

    /// <summary>The distinct labels in order; none for an empty text or list.</summary>
    /// <param name="text">The text.</param>
    /// <param name="delimiter">Delimiter between labels.</param>
    public static IReadOnlyList<string> Split(string text, string delimiter)
    {
        text = text.Trim();
        if (text is ['[', .., ']'] or ['{', .., '}'] or ['(', .., ')'])
            (text, delimiter) = (text[1..^1], text.Contains(delimiter, StringComparison.Ordinal) && delimiter.Trim().Length > 0 ? delimiter : ",");
        return [.. text.Split(delimiter, StringSplitOptions.TrimEntries).Select(Plain).Where(t => t.Length > 0).Distinct(StringComparer.Ordinal)];
    }

    private static string Plain(string tag) => tag is ['"', _, .., '"'] ? tag[1..^1].Trim() : CellTexts.Clean(tag);

    /// <summary>Names in the order of a network's outputs: numbers by value, others by code points.</summary>
    public static IReadOnlyList<string> Sorted(IReadOnlyCollection<string> tags) =>
        ClassTexts.AreNumbers(tags) ? [.. tags.OrderBy(ClassTexts.Value).ThenBy(t => t, StringComparer.Ordinal)] : [.. tags.Order(StringComparer.Ordinal)];

    /// <summary>A 1 for each label of a sample, else 0; labels that are not among the names are left out.</summary>
    /// <param name="samples">The labels of each sample.</param>
    /// <param name="names">Names in the order of the outputs.</param>
    public static float[] ToTargets(IReadOnlyList<IReadOnlyList<string>> samples, IReadOnlyList<string> names)
    {
        var places = names.Select((name, i) => (name, i)).ToDictionary(n => n.name, n => n.i, StringComparer.Ordinal);
        var targets = new float[checked(samples.Count * names.Count)];
        for (int i = 0; i < samples.Count; i++)
        {
            foreach (string tag in samples[i])
            {
                if (places.TryGetValue(tag, out int place))
                    targets[(i * names.Count) + place] = 1;
            }
        }
        return targets;
    }

    /// <summary>A note about labels that are not among the names; null for none.</summary>
    public static string? Unknown(string file, IReadOnlyList<IReadOnlyList<string>> samples, IReadOnlyList<string> names)
    {
        string[] strange = [.. samples.SelectMany(s => s).Except(names, StringComparer.Ordinal)];
        int rows = strange.Length == 0 ? 0 : samples.Count(s => s.Any(t => strange.Contains(t)));
        return rows == 0 ? null : FormattableString.Invariant($"{file}: {rows:N0} sample{(rows == 1 ? " has a label" : "s have labels")} that training has not seen and that cannot be predicted: {DataFault.Some(strange)}");
    }
}
