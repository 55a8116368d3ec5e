using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Starters;

/// <summary>A table with the test set, found beside the training table: <c>adult-test.csv</c> beside <c>adult-train.csv</c>.</summary>
/// <param name="Path">The file.</param>
/// <param name="Rows">Number of rows.</param>
internal sealed record TestTable(string Path, int Rows)
{
    public static TestTable? Of(string path, TableProfile training, int target, TableReading reading)
    {
        if (Beside(path) is not string beside)
            return null;
        TableProfile table = reading.Profile(beside);
        int answer = training.Named ? table.Columns.ToList().FindIndex(c => c.Name == training.Columns[target].Name) : target;
        return Matches(table, training) && answer >= 0 && table.Columns[answer] is { Type: not null } ? new TestTable(beside, table.Rows) : null;
    }

    /// <summary>A file beside the training table with all of its columns except the target; null for none.</summary>
    public static string? Unanswered(string path, TableProfile training, int target)
    {
        if (Beside(path) is not string beside)
            return null;
        TableProfile table = TableProfile.Of(beside);
        string[] names = [.. table.Columns.Select(c => c.Name)];
        return training.Named && table.Named
            ? training.Columns.All(c => names.Contains(c.Name) != (c == training.Columns[target])) ? beside : null
            : table.Columns.Count == training.Columns.Count - 1 ? beside : null;
    }

    // Columns match by name, in any order and possibly among others, as when training; without names, by position.
    private static bool Matches(TableProfile table, TableProfile training) => table.Named == training.Named
        && (training.Named ? training.Columns.All(c => table.Columns.Count(t => t.Name == c.Name) == 1) || SameOrder(table, training) : table.Columns.Count == training.Columns.Count);

    private static bool SameOrder(TableProfile table, TableProfile training) => table.Columns.Select(c => c.Name).SequenceEqual(training.Columns.Select(c => c.Name));

    private static string? Beside(string path)
    {
        string name = System.IO.Path.GetFileName(path);
        foreach ((string train, string test) in new[] { ("train", "test"), ("Train", "Test"), ("TRAIN", "TEST") })
        {
            int at = name.LastIndexOf(train, StringComparison.Ordinal);
            int length = at >= 0 && name.AsSpan(at).StartsWith(train + "ing", StringComparison.OrdinalIgnoreCase) ? train.Length + 3 : train.Length;
            string? other = at < 0 ? null : System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path) ?? "", name[..at] + test + name[(at + length)..]);
            if (other is not null && File.Exists(other))
                return other;
        }
        return null;
    }
}
