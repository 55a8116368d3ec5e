using System.Globalization;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Reading options of a table.</summary>
internal sealed record CsvOptions
{
    private HashSet<string>? missing;
    private double[] missingNumbers = [];

    /// <summary>Column separator; null to detect it from the first lines: comma, semicolon, tab, bar or spaces.</summary>
    public char? Separator { get; init; }

    /// <summary>Prefix of comment lines; null for none.</summary>
    public char? Comment { get; init; }

    /// <summary>Whether the first row is a header; null: if none of it is a number.</summary>
    public bool? Header { get; init; }

    /// <summary>The label column, by name or number; null for the one named 'label', else the last.</summary>
    public string? Label { get; init; }

    /// <summary>Delimiter of several labels in the label column; null for a single class.</summary>
    public string? LabelDelim { get; init; }

    /// <summary>The target columns, in which case there is no class.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>How several rows become a sample, which then includes the targets' past; null for one sample per row.</summary>
    public WindowConfig? Window { get; init; }

    /// <summary>Whether every column is a feature, even if it is also predicted.</summary>
    public bool IsSeries { get; init; }

    /// <summary>Whether rows without label or target are left out rather than refused.</summary>
    public bool DropsUnanswered { get; init; }

    /// <summary>Columns that are not read.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Column settings of the config, by name or number.</summary>
    public IReadOnlyDictionary<string, ColumnConfig> Columns { get; init; } = new Dictionary<string, ColumnConfig>();

    /// <summary>Texts for missing values, besides an empty cell; null for the common ones.</summary>
    public IReadOnlyList<string>? MissingValues
    {
        get;
        init
        {
            field = value;
            missing = value is null ? null : [.. value];
            missingNumbers = value is null ? [] : [.. value.Where(v => double.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out _)).Select(v => double.Parse(v, CultureInfo.InvariantCulture))];
        }
    }

    /// <summary>Culture of numbers and dates; null for a decimal point and no thousands separator.</summary>
    public TableCulture? Culture
    {
        get;
        init
        {
            field = value;
            Numbers = value is null ? null : new NumberCells(value);
        }
    }

    /// <summary>Encoding of delimited text.</summary>
    public TextEncoding Encoding { get; init; }

    /// <summary>Number format, if not the default.</summary>
    public NumberCells? Numbers { get; private init; }

    /// <summary>The columns of the training table when another table is read; it replaces the column settings above.</summary>
    public TableColumns? Layout { get; init; }

    /// <summary>Whether another table must have label or targets.</summary>
    public bool Answers { get; init; } = true;

    public bool IsMissing(string text) => text.Length == 0 || (missing is null ? ClassTexts.IsMissing(text) : missing.Contains(text));

    public bool IsMissing(double number) => missingNumbers.Length > 0 && Array.IndexOf(missingNumbers, number) >= 0;

    /// <summary>A tab if the file extension says so; else null.</summary>
    public static char? SeparatorOf(string? path) =>
        path is not null && (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path) is string plain && IsTabbed(plain) ? '\t' : null;

    private static bool IsTabbed(string path) => path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tab", StringComparison.OrdinalIgnoreCase);

    public const string DefaultLabel = "label";
}
