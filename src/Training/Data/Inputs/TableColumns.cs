using System.Globalization;
using System.Text.Json.Serialization;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Inputs;

/// <summary>Role of a column of a table.</summary>
public enum ColumnRole
{
    /// <summary>An input.</summary>
    Feature,

    /// <summary>The class.</summary>
    Label,

    /// <summary>A regression target.</summary>
    Target,

    /// <summary>Not read.</summary>
    Ignored,
}

/// <summary>A column of the training table.</summary>
/// <param name="Name">Name in the header; "column 3" if the table has no header.</param>
/// <param name="Role">Its role.</param>
public sealed record TableColumn(string Name, ColumnRole Role)
{
    /// <summary>How it becomes inputs; null for a column that is not a feature, and for a number in weights of earlier versions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ColumnFit? Fit { get; init; }
}

/// <summary>The columns of the training table in order; later tables are read by them.</summary>
/// <param name="Columns">Every column of the table.</param>
/// <param name="Named">Whether a header named them; else they are known by position.</param>
/// <param name="Targets">The target columns, in the order of the config.</param>
public sealed record TableColumns(IReadOnlyList<TableColumn> Columns, bool Named, IReadOnlyList<int> Targets)
{
    /// <summary>How several rows become a sample; null if each row is a sample.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SeriesWindow? Window { get; init; }

    /// <summary>Names of the labels if a row can have several; null if it has one class.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Columns for a table of numbers without names.</summary>
    public static TableColumns Numbers(int count) => new([.. Enumerable.Range(0, count).Select(i => new TableColumn(NameOf(i), ColumnRole.Feature))], false, []);

    /// <summary>Prefix of the names given to columns that have none.</summary>
    internal const string Unnamed = "column ";

    public static string NameOf(int column) => string.Create(CultureInfo.InvariantCulture, $"{Unnamed}{column}");

    /// <summary>Positions of the columns with a role, in the table's order.</summary>
    public IReadOnlyList<int> Of(ColumnRole role) => [.. Enumerable.Range(0, Columns.Count).Where(i => Columns[i].Role == role)];

    /// <summary>Number of inputs.</summary>
    [JsonIgnore]
    public int Width => Columns.Where(c => c.Role == ColumnRole.Feature).Sum(c => c.Fit?.Width ?? 1);

    /// <summary>Which inputs are scaled numbers, rather than 0 or 1.</summary>
    internal bool[] Scaled() => [.. Columns.Where(c => c.Role == ColumnRole.Feature).SelectMany(c => Enumerable.Range(0, c.Fit?.Width ?? 1).Select(i => c.Fit?.IsScaled(i) ?? true))];

    /// <summary>Inputs that are ids of categories; null for none.</summary>
    internal IReadOnlyList<ColumnEmbedding>? Embeddings()
    {
        var found = new List<ColumnEmbedding>();
        int at = 0;
        foreach (TableColumn column in Columns.Where(c => c.Role == ColumnRole.Feature))
        {
            if (column.Fit is { Embedding: > 0 } fit)
                found.Add(new ColumnEmbedding(at, column.Name, fit.Ids, fit.Embedding));
            at += column.Fit?.Width ?? 1;
        }
        return found.Count == 0 ? null : found;
    }

    /// <summary>Names of the features, in their order.</summary>
    public IReadOnlyList<string> Features => [.. Columns.Where(c => c.Role == ColumnRole.Feature).Select(c => c.Name)];

    /// <summary>Names of the inputs in order: <c>age</c>, <c>plan = basic</c>, <c>joined month</c>.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> NumberNames => [.. Columns.Where(c => c.Role == ColumnRole.Feature).SelectMany(c => c.Fit?.Names(c.Name) ?? [c.Name])];

    /// <summary>Position of the label column; null if there are targets.</summary>
    public int? Label => Of(ColumnRole.Label) is [int label, ..] ? label : null;
}
