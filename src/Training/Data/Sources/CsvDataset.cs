using System.Globalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data.Sources;

public enum CsvSeparator
{
    /// <summary>Tab in a .tsv file, else detected from the first lines.</summary>
    Auto,
    Comma,
    Semicolon,
    Tab,
    Bar,

    /// <summary>Any number of spaces and tabs.</summary>
    Space,
}

/// <summary>Treatment of rows without a value in the target column.</summary>
public enum MissingTarget
{
    /// <summary>An error.</summary>
    Refuse,

    /// <summary>The rows are left out, and counted.</summary>
    Drop,
}

/// <summary>A table: delimited text (gzipped or not), JSON Lines or Parquet.</summary>
public sealed record CsvConfig : DatasetConfig
{
    [Shorthand]
    public required string Path { get; init => field = Require.NotEmpty(value); }

    /// <summary>Table of the test set, with the same columns.</summary>
    public string? Test { get; init; }

    /// <summary>Column of the class, by name or by number from 0 (negative: from the end). Default: the one named 'label', else the last.</summary>
    [DefaultText("the column named 'label', else the last")]
    public string? Label { get; init; }

    /// <summary>Delimiter between several labels in the 'label' column, e.g. ";": a row then has any number of labels (multi-label), for bce-with-logits.</summary>
    [DefaultText("none: a row has one class")]
    public string? LabelDelim { get; init => field = value is null ? null : Require.NotEmpty(value); }

    /// <summary>Columns of regression targets, instead of a class; for independent labels, columns of 1 and 0, or true and false.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>Samples are windows of consecutive rows in time, e.g. <c>{past: 24, horizon: 6}</c>; <c>targets</c> are predicted for the rows that follow.</summary>
    public WindowConfig? Window { get; init; }

    /// <summary>What to do with rows without a value in 'label' or 'targets'.</summary>
    public MissingTarget MissingTarget { get; init; }

    /// <summary>Columns to leave out.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Types of columns, by name or number, e.g. <c>{deck: category, pickup: {date: [hour, weekday]}, id: ignore}</c>. Default: inferred from their values.</summary>
    [DefaultText("what their values look like")]
    public IReadOnlyDictionary<string, ColumnConfig> Columns { get; init; } = new Dictionary<string, ColumnConfig>();

    /// <summary>Strings that mean a missing value, besides an empty cell. Default: ?, NA, N/A, NaN, null and similar.</summary>
    [DefaultText("`?`, `NA`, `N/A`, `NaN`, `null` and their like")]
    public IReadOnlyList<string>? MissingValues { get; init; }

    /// <summary>Culture of the table's numbers and dates, e.g. <c>de</c> for 1.234,5 and 31.12.2024. Default: a decimal point, no thousands.</summary>
    [DefaultText("a decimal point, no thousands")]
    public string? Culture { get; init => field = value is null ? null : CultureOf(value) is null ? null : value; }

    /// <summary>Encoding of the text.</summary>
    public TextEncoding Encoding { get; init; }

    /// <summary>Whether the first row holds the column names. Default: yes, unless it contains a number.</summary>
    [DefaultText("found out")]
    public bool? Header { get; init; }

    /// <summary>Delimiter between columns.</summary>
    public CsvSeparator Separator { get; init; }

    /// <summary>Prefix of comment lines, e.g. <c>#</c>.</summary>
    public string? Comment { get; init => field = value is null or [> ' ' and < (char)127] ? value : throw new ConfigValueException($"'{value}'", "one character, e.g. '#'"); }

    /// <summary>Shape of a sample, if the columns are the pixels of a picture, e.g. [1, 28, 28].</summary>
    [DefaultText("one axis of all features")]
    public IReadOnlyList<int>? Shape { get; init => field = value is null ? null : [.. Require.NotEmpty(value).Select(Require.Positive)]; }

    public override DataSet Load(DataContext context)
    {
        if (Label is not null && Targets.Count > 0)
            throw ConfigException.At(Source, "csv has 'label' and 'targets'; expected one of the two");
        if (Window is not null && WindowProblem() is string problem)
            throw ConfigException.At(Window.Source, problem);
        if (LabelDelim is not null && Label is null)
            throw ConfigException.At(Source, "csv has 'label-delim' without 'label'; expected the column of the labels");
        if ((Window is not null || Shape is not null) && Columns.Values.OfType<CategoryColumnConfig>().FirstOrDefault(c => c.Embedding is not null) is { } embedded)
            throw ConfigException.At(embedded.Source, $"embedding with '{(Window is null ? "shape" : "window")}', whose samples have more than one axis; expected one of the two");
        string path = DataFile.Resolve(context, Path);
        CsvTable train = Read(path, context.Fitted?.Columns);
        if (Window is not null && train.Layout.Window is null)
            train = train with { Layout = train.Layout with { Window = new SeriesWindow(Window.Past, Window.Horizon, [.. Targets.Select(t => Place(train.Layout, t))]) } };
        IReadOnlyList<string>? classes = train.Labels is null ? null : context.Fitted?.ClassNames ?? train.SortedClasses();
        CsvTable? test = Test is null ? null : Read(DataFile.Resolve(context, Test), train.Layout);
        if (classes is not null)
            test = test?.WithoutFullStops(classes);
        return ArraySamples.DataSet(Samples(train, classes), test is null ? null : Samples(test, classes), test?.Name ?? "", path, classes) with
        {
            Columns = train.Layout,
            TargetNames = train.Layout.Tags ?? (Targets.Count > 0 && Window is null ? [.. train.Layout.Targets.Select(t => train.Layout.Columns[t].Name)] : null),
            Notes = [.. train.Notes, .. test?.Notes ?? []],
        };
    }

    private string? WindowProblem() => this switch
    {
        { Shape: not null } => "window with 'shape'; expected one of the two",
        { Targets.Count: 0, Label: null } => "window without 'targets' or 'label'; expected the columns to predict, e.g. targets: [temperature], or the column of the class",
        { LabelDelim: not null } => "window with 'label-delim'; expected one class per row, or columns of 'targets'",
        { Targets.Count: > 0, Window.Horizon: 0 } => "window with 'horizon: 0' and 'targets', which would be known; expected 1 or more, or a 'label'",
        _ => null,
    };

    // Index among the features; reading has verified that there is such a column.
    private static int Place(TableColumns layout, string target)
    {
        int column = layout.Columns.ToList().FindIndex(c => layout.Named && c.Name == target);
        if (column < 0)
            column = int.Parse(target, CultureInfo.InvariantCulture) is var number && number < 0 ? number + layout.Columns.Count : number;
        return layout.Of(ColumnRole.Feature).ToList().IndexOf(column);
    }

    internal override ReadingOptions Reading => new() { Table = Options(null), IsTable = true };

    private CsvTable Read(string path, TableColumns? layout) => DataFile.Read(path, stream => CsvReading.Read(stream, path, Options(path) with { Layout = layout }));

    internal CsvOptions Options(string? path) => new()
    {
        Separator = Separator switch
        {
            CsvSeparator.Comma => ',',
            CsvSeparator.Semicolon => ';',
            CsvSeparator.Tab => '\t',
            CsvSeparator.Bar => '|',
            CsvSeparator.Space => ' ',
            _ => CsvOptions.SeparatorOf(path),
        },
        Header = Header,
        Comment = Comment?[0],
        Label = Label,
        LabelDelim = LabelDelim,
        Targets = Targets,
        Window = Window,
        DropsUnanswered = MissingTarget == MissingTarget.Drop,
        Ignore = Ignore,
        Columns = Columns,
        MissingValues = MissingValues,
        Encoding = Encoding,
        Culture = Culture is null ? null : CultureOf(Culture),
    };

    private static TableCulture CultureOf(string name) =>
        TableCulture.Of(name) ?? throw new ConfigValueException($"'{name}'", "a language such as de, fr, de-CH or en-GB");

    private SampleSet Samples(CsvTable table, IReadOnlyList<string>? classes)
    {
        int features = table.Layout.Features.Count;
        Shape shape = Shape is null ? new Shape(features) : new Shape([.. Shape]);
        if (shape.Length != features)
            throw DataFault.At(table.Name, 1, 1, $"{features} columns of features", string.Create(CultureInfo.InvariantCulture, $"{shape.Length} for the shape {shape}"));
        return table.ToSamples(shape, classes);
    }
}
