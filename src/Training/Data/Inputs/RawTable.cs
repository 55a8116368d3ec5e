using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Inputs;

/// <summary>The raw rows of a table.</summary>
/// <param name="Names">Names of all columns, read or not; numbered if the file has none.</param>
/// <param name="Rows">One text per column.</param>
public sealed record RawTable(IReadOnlyList<string> Names, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>Whether the file names its columns.</summary>
    public bool Named { get; init; } = true;

    /// <summary>The same cells as JSON if the format distinguishes numbers, texts and missing values; null for a cell where it does not.</summary>
    public IReadOnlyList<IReadOnlyList<string?>>? Json { get; init; }

    /// <param name="rows">The file, from its start.</param>
    /// <param name="lines">Lines of the wanted rows, in order.</param>
    /// <param name="layout">Names the columns if the file does not.</param>
    internal static RawTable Of(ITableRows rows, IReadOnlyList<long> lines, TableColumns? layout)
    {
        IReadOnlyList<string>? names = rows.Names;
        var found = new List<IReadOnlyList<string>>(lines.Count);
        List<IReadOnlyList<string?>>? json = rows is JsonRows or ParquetRows ? [] : null;
        while (found.Count < lines.Count && rows.Read())
        {
            string[] cells = [.. Enumerable.Range(0, rows.Count).Select(c => CsvReading.Strict.GetString(rows.Cell(c)))];
            if (rows.Line == lines[found.Count])
            {
                found.Add(cells);
                json?.Add([.. Enumerable.Range(0, rows.Count).Select(rows.Json)]);
            }
            else
            {
                names ??= cells; // the header comes before the samples
            }
        }
        bool named = names is not null;
        int count = found.Count == 0 ? 0 : found[0].Count;
        if (names is null || names.Count != count)
            names = layout?.Columns.Count == count ? [.. layout.Columns.Select(c => c.Name)] : [.. Enumerable.Range(0, count).Select(TableColumns.NameOf)];
        return new RawTable([.. names.Select(n => n.Trim())], found) { Named = named, Json = json };
    }
}
