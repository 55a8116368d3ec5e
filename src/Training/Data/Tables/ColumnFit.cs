using System.Globalization;
using System.Text.Json.Serialization;

namespace GpuGrad.Training.Data.Tables;

/// <summary>The encoding of a column as inputs: settings from the config, and values fitted to the training part. It is stored with the weights.</summary>
/// <param name="Type">Type of the column.</param>
public sealed record ColumnFit(ColumnType Type)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public MissingStrategy Missing { get; init; }

    /// <summary>Replacement for a missing number, boolean or part of a date; null before fitting.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? Fill { get; init; }

    /// <summary>Replacement for a missing category; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FillCategory { get; init; }

    /// <summary>Whether an input flags missing values, which it does if one was missing in the training part.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Indicator { get; init; }

    /// <summary>The categories of the training part, in the order of their inputs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Categories { get; init; }

    /// <summary>Width of the vector that the network learns per category, in which case samples hold ids; 0 for one-hot inputs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Embedding { get; init; }

    /// <summary>Requested number of ranges for a number; 0 for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Bins { get; init; }

    /// <summary>Edges of these ranges, ascending; null for none, or if the training part has fewer than two distinct values.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? Edges { get; init; }

    /// <summary>The parts of a date that are inputs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DatePart>? Parts { get; init; }

    /// <summary>Whether periodic parts are encoded as sine and cosine.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Cyclic { get; init; }

    /// <summary>Format of dates in .NET's notation; null for ISO 8601 and its variants.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Format { get; init; }

    /// <summary>The latest date of the training part, in seconds since 1970, from which ages count.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double Latest { get; init; }

    /// <summary>Whether it has been fitted to the training part.</summary>
    [JsonIgnore]
    public bool IsFitted => Type == ColumnType.Category ? Categories is not null : Fill is not null;

    /// <summary>Number of inputs. A category has one per category of the training part, one for all others and, with an indicator, one for a missing value; embedded, only its id.</summary>
    [JsonIgnore]
    public int Width => Embedding > 0 ? 1 : Values + (Indicator ? 1 : 0);

    /// <summary>Number of ids of an embedded category.</summary>
    internal int Ids => Values + (Indicator ? 1 : 0);

    // Number of inputs without the indicator.
    internal int Values => Type switch
    {
        ColumnType.Category => (Categories?.Count ?? 0) + 1,
        ColumnType.Date => Parts is null ? 1 : DateNumbers().Count,
        _ => Edges?.Count ?? 1,
    };

    /// <summary>Whether an input is a scaled number, rather than 0 or 1.</summary>
    internal bool IsScaled(int number) => number < Values && ((Type == ColumnType.Number && number == 0) || (Type == ColumnType.Date && (Parts is null || DateNumbers()[number].Wave == Wave.None)));

    /// <summary>The inputs made of a date, in order.</summary>
    internal IReadOnlyList<DateNumber> DateNumbers() => [.. Parts!.SelectMany(p => Cyclic && DateNumber.Period(p) is not null
        ? new DateNumber[] { new(p, Wave.Sine), new(p, Wave.Cosine) }
        : [new DateNumber(p, Wave.None)])];

    /// <summary>Writes the inputs for a number: itself, then its position in each range, from 0 to 1.</summary>
    /// <param name="value">A number of the column.</param>
    /// <param name="numbers">Receives <see cref="Values"/> numbers.</param>
    internal void Place(double value, Span<double> numbers)
    {
        numbers[0] = value;
        for (int i = 1; i < Values; i++)
            numbers[i] = Math.Clamp((value - Edges![i - 1]) / (Edges[i] - Edges[i - 1]), 0, 1);
    }

    /// <summary>Names of the column's inputs.</summary>
    internal IEnumerable<string> Names(string column) => Type switch
    {
        ColumnType.Category when Embedding > 0 => [column],
        ColumnType.Category => [.. Categories!.Select(c => $"{column} = {c}"), $"{column} = another", .. MissingName(column)],
        ColumnType.Date => [.. DateNumbers().Select(n => $"{column} {n.Name}"), .. MissingName(column)],
        _ => [column, .. Enumerable.Range(1, Values - 1).Select(i => string.Create(CultureInfo.InvariantCulture, $"{column} from {Edges![i - 1]:G6} to {Edges[i]:G6}")), .. MissingName(column)],
    };

    /// <summary>Describes an inconsistency, as in a file that was tampered with; null if there is none.</summary>
    internal string? Problem()
    {
        if (!Enum.IsDefined(Type) || Type == ColumnType.Text || !Enum.IsDefined(Missing) || !IsFitted)
            return "a column whose values are not known";
        if (Categories is { } categories && (Type != ColumnType.Category || categories.Any(c => c is null) || categories.Distinct(StringComparer.Ordinal).Count() != categories.Count))
            return "categories that are not different texts";
        if (Embedding != 0 && (Type != ColumnType.Category || Embedding is < 0 or > CategoryColumnConfig.WidestEmbedding))
            return "an embedding of a column that is not a category";
        if ((Bins != 0 || Edges is not null) && (Type != ColumnType.Number || Bins is < 2 or > NumberColumnConfig.MostBins))
            return "ranges of a column that is not a number";
        if (Edges is not null && (Edges.Count < 2 || Edges.Count > Bins + 1 || !Edges.All(double.IsFinite) || !Edges.Zip(Edges.Skip(1)).All(e => e.First < e.Second)))
            return "ranges that are not ascending";
        if (Cyclic && Type != ColumnType.Date)
            return "a sine of something that is not a date";
        if (Type == ColumnType.Date && (Parts is not { Count: > 0 } || !Parts.All(Enum.IsDefined) || !double.IsFinite(Latest)))
            return "a date without parts";
        if (FillCategory is not null && Categories?.Contains(FillCategory) != true)
            return "an unknown category for missing values";
        return Fill is null || (Fill.Count == Values && Fill.All(double.IsFinite)) ? null : "numbers for missing values that are not finite";
    }

    private IEnumerable<string> MissingName(string column) => Indicator ? [$"{column} is missing"] : [];
}
