using System.Globalization;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Sources;

/// <summary>A table with labels of pictures by name: a class, several labels in one cell, or a column of 1 and 0 per label.</summary>
internal sealed class LabelTable
{
    private static readonly string[] LabelColumns = ["label", "labels", "tag", "tags", "class", "classes"];

    private readonly Dictionary<string, IReadOnlyList<string>> rows = new(StringComparer.Ordinal);
    private readonly HashSet<string> used = new(StringComparer.Ordinal);
    private readonly string path;
    private readonly string? delimiter;

    private LabelTable(string path, string? delimiter, bool multiple) => (this.path, this.delimiter, AreTags) = (path, delimiter, multiple || delimiter is not null);

    /// <summary>Whether pictures can have several labels (multi-label) rather than one class.</summary>
    public bool AreTags { get; private set; }

    /// <summary>A note about rows that name none of the requested pictures; null for none.</summary>
    public string? Note => rows.Count == used.Count ? null : string.Create(CultureInfo.InvariantCulture, $"{path}: {rows.Count - used.Count:N0} of {rows.Count:N0} names are those of no picture, e.g. {DataFault.Quote(rows.Keys.First(k => !used.Contains(k)))}");

    /// <param name="path">The file.</param>
    /// <param name="delimiter">Delimiter of labels in a cell; null for a single label.</param>
    /// <param name="multiple">Whether a picture may have several rows, with one label each.</param>
    /// <param name="isPicture">Whether a picture of a name exists: a first row that names none is a header.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: the file is broken, or lacks a column of labels.</exception>
    public static LabelTable Read(string path, string? delimiter, bool multiple, Func<string, bool> isPicture) => DataFile.Read(path, stream =>
    {
        using ITableRows rows = TableRows.Open(stream, path, new CsvOptions { LabelDelim = delimiter });
        var table = new LabelTable(path, delimiter, multiple);
        var cells = new List<(long Line, string[] Cells)>();
        while (rows.Read())
            cells.Add((rows.Line, [.. Enumerable.Range(0, rows.Count).Select(c => CsvReading.Strict.GetString(rows.Cell(c)).Trim())]));
        string[]? names = rows.Names is { } given ? [.. given] : null;
        if (names is null && cells.Count > 0 && !isPicture(Key(cells[0].Cells[0])))
        {
            names = cells[0].Cells;
            cells.RemoveAt(0);
        }
        if (cells.Count == 0 || cells[0].Cells.Length < 2)
            throw DataFault.At(path, 1, 1, cells.Count == 0 ? "no rows" : "one column", "the name of a picture and its label, or labels, a row");
        table.Add(names, cells);
        return table;
    });

    /// <summary>The labels of a picture, by the first of some names that the table has; null if it has none.</summary>
    public IReadOnlyList<string>? Of(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            if (!rows.TryGetValue(name, out IReadOnlyList<string>? labels))
                continue;
            used.Add(name);
            return labels;
        }
        return null;
    }

    private static string Key(string name) => name.Replace('\\', '/') is var key && key.StartsWith("./", StringComparison.Ordinal) ? key[2..] : key;

    private void Add(string[]? names, List<(long Line, string[] Cells)> cells)
    {
        int width = cells[0].Cells.Length;
        bool columns = delimiter is null && width > 2 && names is not null && cells.TrueForAll(c => c.Cells.Skip(1).All(v => CellTexts.Boolean(v) is not null));
        AreTags |= columns;
        int label = width == 2 ? 1 : Array.FindIndex(names ?? [], n => LabelColumns.Contains(n, StringComparer.OrdinalIgnoreCase));
        if (!columns && label < 1)
            throw DataFault.At(path, 1, 1, $"{width} columns", "the name of a picture and its labels, in a column called 'labels', or a column of 1 and 0 for each label");
        foreach ((long line, string[] row) in cells)
        {
            if (row.Length != width)
                throw DataFault.At(path, line, 1, $"{row.Length} columns", $"{width}, as in the first row");
            string key = Key(row[0]);
            IReadOnlyList<string> labels = columns ? [.. Enumerable.Range(1, width - 1).Where(c => CellTexts.Boolean(row[c]) == true).Select(c => names![c])]
                : delimiter is not null ? TagTexts.Split(row[label], delimiter)
                : row[label].Length > 0 ? [CellTexts.Clean(row[label])] : [];
            if (!AreTags && labels.Count == 0)
                throw DataFault.At(path, line, label + 1, "nothing", "the class of a picture; 'label-delim' or 'multi-label: true' where it may have none or several");
            if (!rows.TryAdd(key, labels))
                rows[key] = AreTags ? [.. rows[key].Union(labels, StringComparer.Ordinal)] : throw DataFault.At(path, line, 1, $"a second row for {DataFault.Quote(key)}", "one; 'multi-label: true' where a picture has several labels");
        }
    }
}
