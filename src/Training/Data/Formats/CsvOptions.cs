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

    /// <summary>What stands between columns; null to find out from the first lines: comma, semicolon, tab, bar or spaces.</summary>
    public char? Separator { get; init; }

    /// <summary>Prefix of comment lines; null for none.</summary>
    public char? Comment { get; init; }

    /// <summary>Whether the first row names the columns; null when it does if none of it is a number.</summary>
    public bool? Header { get; init; }

    /// <summary>The column of classes, by name or number; null for the one named 'label', else the last.</summary>
    public string? Label { get; init; }

    /// <summary>What stands between several labels in the column of classes; null where there is one class.</summary>
    public string? LabelDelim { get; init; }

    /// <summary>The columns of numbers to predict; then there is no class.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>How samples are made of several rows, of which the targets are then a part; null for a sample a row.</summary>
    public WindowConfig? Window { get; init; }

    /// <summary>Whether every column is a feature, which of them are predicted being another matter.</summary>
    public bool IsSeries { get; init; }

    /// <summary>Whether rows that have no answer are left out rather than refused.</summary>
    public bool DropsUnanswered { get; init; }

    /// <summary>Columns that are not read.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Column settings of the config, by name or number.</summary>
    public IReadOnlyDictionary<string, ColumnConfig> Columns { get; init; } = new Dictionary<string, ColumnConfig>();

    /// <summary>Texts that stand for a missing value, besides an empty cell; null for those that are usual.</summary>
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

    /// <summary>How the bytes of delimited text are characters.</summary>
    public TextEncoding Encoding { get; init; }

    /// <summary>How numbers are read, where that is not as usual.</summary>
    public NumberCells? Numbers { get; private init; }

    /// <summary>The columns of the training table where another is read, instead of what is said of columns above.</summary>
    public TableColumns? Layout { get; init; }

    /// <summary>Whether another table must have the label or targets.</summary>
    public bool Answers { get; init; } = true;

    public bool IsMissing(string text) => text.Length == 0 || (missing is null ? ClassTexts.IsMissing(text) : missing.Contains(text));

    public bool IsMissing(double number) => missingNumbers.Length > 0 && Array.IndexOf(missingNumbers, number) >= 0;

    /// <summary>A tab for files that are named so; null for others.</summary>
    public static char? SeparatorOf(string? path) =>
        path is not null && (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path) is string plain && IsTabbed(plain) ? '\t' : null;

    private static bool IsTabbed(string path) => path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tab", StringComparison.OrdinalIgnoreCase);

    public const string DefaultLabel = "label";
}
