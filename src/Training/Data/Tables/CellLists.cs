using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Lists of labels in the cells of a column.</summary>
/// <param name="Delimiter">Delimiter between labels.</param>
/// <param name="Labels">The distinct labels with the rows that have each, most frequent first.</param>
public sealed record CellLists(string Delimiter, IReadOnlyList<KeyValuePair<string, int>> Labels)
{
    // Names and addresses have commas too; labels are few, short and repeated, and rows have different numbers of them.
    private const int MostLabels = 200, LongestLabel = 40, RowsOfLabel = 5;
    private const double LeastShare = 0.2;

    /// <summary>Interprets texts as lists of labels; null if they are not.</summary>
    /// <param name="texts">The distinct texts of a column with their rows.</param>
    internal static CellLists? Of(IReadOnlyCollection<KeyValuePair<string, int>> texts)
    {
        foreach (string delimiter in new[] { ";", "|", "," })
        {
            if (Of(texts, delimiter) is { } lists)
                return lists;
        }
        return null;
    }

    private static CellLists? Of(IReadOnlyCollection<KeyValuePair<string, int>> texts, string delimiter)
    {
        long rows = texts.Sum(t => (long)t.Value), several = texts.Where(t => t.Key.Contains(delimiter, StringComparison.Ordinal)).Sum(t => (long)t.Value);
        if (several < LeastShare * rows)
            return null;
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var sizes = new HashSet<int>();
        foreach ((string text, int count) in texts)
        {
            IReadOnlyList<string> labels = TagTexts.Split(text, delimiter);
            sizes.Add(labels.Count);
            foreach (string label in labels)
            {
                counts[label] = counts.GetValueOrDefault(label) + count;
                if (label.Length > LongestLabel || counts.Count > MostLabels)
                    return null;
            }
        }
        return counts.Count < 2 || sizes.Count < 2 || counts.Values.Average() < RowsOfLabel || counts.Keys.All(k => ClassTexts.TryWhole(k, out _))
            ? null
            : new CellLists(delimiter, [.. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal)]);
    }
}
