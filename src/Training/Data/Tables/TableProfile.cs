using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>A column of a table, as a look at all of its values shows it.</summary>
/// <param name="Name">As the first row has it; "column 3" where the table has no names.</param>
/// <param name="Type">What it holds; null where no row has a value.</param>
public sealed record ColumnProfile(string Name, ColumnType? Type)
{
    /// <summary>Rows without a value.</summary>
    public required int Missing { get; init; }

    /// <summary>Different values; counted up to <see cref="DistinctIsLeast"/>.</summary>
    public required int Distinct { get; init; }

    /// <summary>Whether there are more different values than were counted.</summary>
    public bool DistinctIsLeast { get; init; }

    /// <summary>Smallest number; of a date, seconds since 1970. Null for other types, as are the next three.</summary>
    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    public double? Mean { get; init; }

    public double? Deviation { get; init; }

    /// <summary>A value such as 007, for which whole numbers are taken as codes; null for none.</summary>
    public string? Code { get; init; }

    /// <summary>Whether each date could be read with the day first or with the month first.</summary>
    public bool HasAmbiguousDates { get; init; }

    /// <summary>The lists of labels that its texts are; null where they are none.</summary>
    public CellLists? Lists { get; init; }

    /// <summary>Values of a column of numbers that are none as this table is read.</summary>
    public int Unread { get; init; }

    /// <summary>What the few different texts are that stand where numbers should, such as <c>inf</c>; empty where they may be numbers written otherwise, or are many.</summary>
    public IReadOnlyCollection<string> Slips { get; init; } = [];

    /// <summary>The texts that stand for missing values, an empty cell aside.</summary>
    public IReadOnlyCollection<string> Gaps { get; init; } = [];

    /// <summary>Whether nearly all values are numbers, some of them as another language writes them or with signs around them.</summary>
    public bool MayBeNumbers { get; init; }

    /// <summary>Whether every number is whole.</summary>
    public bool IsWhole { get; init; }

    /// <summary>The most frequent values with their rows, at most twenty.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> Frequent { get; init; } = [];

    /// <summary>The first different values, at most five.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    /// <summary>Why it may be of no use, or too good to be true: <c>the same in every row</c>. Empty for nothing.</summary>
    public IReadOnlyList<string> Suspicions { get; init; } = [];

    /// <summary>Whether a network should rather not get it: it names the row, never changes, or gives the answer away.</summary>
    public bool IsBetterIgnored { get; init; }
}

/// <summary>A table, as a look at all of its values shows it.</summary>
/// <param name="File">The file.</param>
/// <param name="Rows">Rows below the names.</param>
/// <param name="Named">Whether the first row holds names.</param>
/// <param name="Columns">The columns in their order.</param>
public sealed record TableProfile(string File, int Rows, bool Named, IReadOnlyList<ColumnProfile> Columns)
{
    /// <summary>How its rows follow one another in time; null where they do not, or not strictly.</summary>
    public TableTime? Time { get; init; }

    /// <summary>How its bytes are characters.</summary>
    public Texts.TextEncoding Encoding { get; init; }

    /// <summary>Looks at a table.</summary>
    /// <param name="path">The file.</param>
    /// <param name="reading">How it is written, as in a config; null to find out.</param>
    /// <param name="target">The column to predict, by name or number: others that give it away are named.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: no table, with the place.</exception>
    public static TableProfile Of(string path, Sources.CsvConfig? reading = null, string? target = null)
    {
        CsvOptions options = (reading ?? new Sources.CsvConfig { Path = path, Encoding = EncodingOf(path) }).Options(path);
        return DataFile.Read(path, stream => TableSurvey.Of(stream, path, options, target));
    }

    /// <summary>How the bytes of a table are characters, if it is text.</summary>
    internal static Texts.TextEncoding EncodingOf(string path) => DataFile.Read(path, stream =>
    {
        Stream? text = TableRows.TextOf(stream, path);
        return text is null || Texts.TextEncodings.IsUnicode(text) ? Texts.TextEncoding.Utf8 : Texts.TextEncoding.Latin1;
    });

    /// <summary>A column by its name, or its number from 0 (negative from the end); null for none.</summary>
    public int? Find(string column) => TableSurvey.Find([.. Columns.Select(c => c.Name)], column);
}
