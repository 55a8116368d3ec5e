using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Profile of a table's column, from all of its values.</summary>
/// <param name="Name">Name in the header; "column 3" if the table has no header.</param>
/// <param name="Type">Its type; null if it has no values.</param>
public sealed record ColumnProfile(string Name, ColumnType? Type)
{
    /// <summary>Number of rows without a value.</summary>
    public required int Missing { get; init; }

    /// <summary>Number of distinct values, counted up to <see cref="DistinctIsLeast"/>.</summary>
    public required int Distinct { get; init; }

    /// <summary>Whether there are more distinct values than were counted.</summary>
    public bool DistinctIsLeast { get; init; }

    /// <summary>Smallest number; for a date, in seconds since 1970. Null for other types, as are the next three.</summary>
    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    public double? Mean { get; init; }

    public double? Deviation { get; init; }

    /// <summary>A value such as 007, which shows that integers are codes; null for none.</summary>
    public string? Code { get; init; }

    /// <summary>Whether each date could be read with either the day or the month first.</summary>
    public bool HasAmbiguousDates { get; init; }

    /// <summary>The lists of labels in its texts; null if they are not lists.</summary>
    public CellLists? Lists { get; init; }

    /// <summary>Number of values in a numeric column that could not be read as numbers.</summary>
    public int Unread { get; init; }

    /// <summary>The few distinct texts in place of numbers, such as <c>inf</c>; empty if they may be numbers in another notation, or are many.</summary>
    public IReadOnlyCollection<string> Slips { get; init; } = [];

    /// <summary>The texts for missing values, besides an empty cell.</summary>
    public IReadOnlyCollection<string> Gaps { get; init; } = [];

    /// <summary>Whether nearly all values are numbers, some of them in another notation or with signs around them.</summary>
    public bool MayBeNumbers { get; init; }

    /// <summary>Whether every number is an integer.</summary>
    public bool IsWhole { get; init; }

    /// <summary>The most frequent values with their rows, at most twenty.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> Frequent { get; init; } = [];

    /// <summary>The first distinct values, at most five.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    /// <summary>Reasons why the column may be useless or leak the target, such as <c>the same in every row</c>; empty for none.</summary>
    public IReadOnlyList<string> Suspicions { get; init; } = [];

    /// <summary>Whether the column should not be an input: it identifies the row, never changes, or leaks the target.</summary>
    public bool IsBetterIgnored { get; init; }
}

/// <summary>Profile of a table, from all of its values.</summary>
/// <param name="File">The file.</param>
/// <param name="Rows">Number of rows without the header.</param>
/// <param name="Named">Whether the first row holds names.</param>
/// <param name="Columns">The columns in their order.</param>
public sealed record TableProfile(string File, int Rows, bool Named, IReadOnlyList<ColumnProfile> Columns)
{
    /// <summary>The time order of its rows; null if they are not in strict time order.</summary>
    public TableTime? Time { get; init; }

    /// <summary>The text encoding.</summary>
    public Texts.TextEncoding Encoding { get; init; }

    /// <summary>Profiles a table.</summary>
    /// <param name="path">The file.</param>
    /// <param name="reading">The reading settings, as in a config; null to detect them.</param>
    /// <param name="target">The column to predict, by name or number: other columns that leak it are reported.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is not a table; the message has the place.</exception>
    public static TableProfile Of(string path, Sources.CsvConfig? reading = null, string? target = null)
    {
        CsvOptions options = (reading ?? new Sources.CsvConfig { Path = path, Encoding = EncodingOf(path) }).Options(path);
        return DataFile.Read(path, stream => TableSurvey.Of(stream, path, options, target));
    }

    /// <summary>The text encoding of a table, if it is text.</summary>
    internal static Texts.TextEncoding EncodingOf(string path) => DataFile.Read(path, stream =>
    {
        Stream? text = TableRows.TextOf(stream, path);
        return text is null || Texts.TextEncodings.IsUnicode(text) ? Texts.TextEncoding.Utf8 : Texts.TextEncoding.Latin1;
    });

    /// <summary>A column by its name, or its number from 0 (negative from the end); null for none.</summary>
    public int? Find(string column) => TableSurvey.Find([.. Columns.Select(c => c.Name)], column);
}
