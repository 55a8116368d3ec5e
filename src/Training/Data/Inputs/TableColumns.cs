using System.Globalization;
using System.Text.Json.Serialization;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Inputs;

/// <summary>What a column of a table is for.</summary>
public enum ColumnRole
{
    /// <summary>A number of the sample.</summary>
    Feature,

    /// <summary>The class.</summary>
    Label,

    /// <summary>A number to predict.</summary>
    Target,

    /// <summary>Not read.</summary>
    Ignored,
}

/// <summary>A column of the training table.</summary>
/// <param name="Name">As the first row has it; "column 3" where the table has no names.</param>
/// <param name="Role">What it is for.</param>
public sealed record TableColumn(string Name, ColumnRole Role)
{
    /// <summary>How it becomes numbers of a sample; null for one that is no feature, and for a number in weights of earlier versions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ColumnFit? Fit { get; init; }
}

/// <summary>The columns of the training table, in its order: later tables are read by them.</summary>
/// <param name="Columns">Every column of the table.</param>
/// <param name="Named">Whether the first row named them; else they are known by their order.</param>
/// <param name="Targets">The columns to predict, as the config orders them.</param>
public sealed record TableColumns(IReadOnlyList<TableColumn> Columns, bool Named, IReadOnlyList<int> Targets)
{
    /// <summary>How samples are made of several rows; null where each row is a sample.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SeriesWindow? Window { get; init; }

    /// <summary>Names of the labels of which the column of classes holds any number a row; null where it holds a class.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>A table of nothing but numbers without names.</summary>
    public static TableColumns Numbers(int count) => new([.. Enumerable.Range(0, count).Select(i => new TableColumn(NameOf(i), ColumnRole.Feature))], false, []);

    /// <summary>What the names of columns without any begin with.</summary>
    internal const string Unnamed = "column ";

    public static string NameOf(int column) => string.Create(CultureInfo.InvariantCulture, $"{Unnamed}{column}");

    /// <summary>The columns of a role, in the table's order.</summary>
    public IReadOnlyList<int> Of(ColumnRole role) => [.. Enumerable.Range(0, Columns.Count).Where(i => Columns[i].Role == role)];

    /// <summary>Numbers of a sample.</summary>
    [JsonIgnore]
    public int Width => Columns.Where(c => c.Role == ColumnRole.Feature).Sum(c => c.Fit?.Width ?? 1);

    /// <summary>Which numbers of a sample are on a scale, rather than 0 or 1.</summary>
    internal bool[] Scaled() => [.. Columns.Where(c => c.Role == ColumnRole.Feature).SelectMany(c => Enumerable.Range(0, c.Fit?.Width ?? 1).Select(i => c.Fit?.IsScaled(i) ?? true))];

    /// <summary>Numbers of a sample that are ids of categories; null for none.</summary>
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

    /// <summary>What each number of a sample is, in their order: <c>age</c>, <c>plan = basic</c>, <c>joined month</c>.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> NumberNames => [.. Columns.Where(c => c.Role == ColumnRole.Feature).SelectMany(c => c.Fit?.Names(c.Name) ?? [c.Name])];

    /// <summary>The column of the class; null when there are targets.</summary>
    public int? Label => Of(ColumnRole.Label) is [int label, ..] ? label : null;
}
