using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Data.Tables;

/// <summary>The type of a column of a table and its encoding. By default the type is inferred from the values.</summary>
public abstract record ColumnConfig : IChoice<ColumnConfig>, ILocated
{
    public static string What => "column type";

    public static IReadOnlyList<Choice> Choices { get; } =
    [
        new("number", typeof(NumberColumnConfig), "numbers, which `normalize` scales"),
        new("category", typeof(CategoryColumnConfig), "strings or numbers that stand for categories: one input each (one-hot), and one for any category not seen in training; or a learned vector (`embedding`)"),
        new("boolean", typeof(BooleanColumnConfig), "true or false, yes or no, 1 or 0: an input of 1 or 0"),
        new("date", typeof(DateColumnConfig), "dates, encoded by their parts"),
        new("text", typeof(TextColumnConfig), "not yet: free text"),
        new("ignore", typeof(IgnoredColumnConfig), "left out"),
    ];

    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>The column's encoding before it is fitted; null for a column that is left out.</summary>
    internal abstract ColumnFit? Plan();

    /// <summary>Refuses a strategy that the type does not support, or a fill without its strategy.</summary>
    private protected static void Check(Mark? source, string type, MissingStrategy missing, bool hasFill, params ReadOnlySpan<MissingStrategy> unknown)
    {
        if (unknown.Contains(missing))
            throw ConfigException.At(source, $"missing: {Naming.Kebab(missing.ToString())} for a {type}; expected another strategy, e.g. most-frequent");
        if (hasFill != (missing == MissingStrategy.Constant))
            throw ConfigException.At(source, hasFill ? "'fill' without 'missing: constant'; expected both or none" : "'missing: constant' without 'fill'; expected the value that replaces a missing one");
    }
}

public sealed record NumberColumnConfig : ColumnConfig
{
    /// <summary>What to do with missing values.</summary>
    public MissingStrategy Missing { get; init; }

    internal const int MostBins = 1 << 10;

    /// <summary>The replacement for a missing number, with <c>missing: constant</c>.</summary>
    public double? Fill { get; init; }

    /// <summary>
    /// Number of ranges with equally many distinct training values in each. Besides the number itself, each range adds an input: 0 below it, 1 above it, linear
    /// in between (piecewise linear encoding; Gorishniy et al., 2022). For effects that change at thresholds, as trees find them.
    /// </summary>
    [DefaultText("none: the number alone")]
    public int? Bins { get; init => field = value is int bins ? Require.Between(bins, 2, MostBins) : null; }

    internal override ColumnFit Plan()
    {
        Check(Source, "number", Missing, Fill is not null);
        return new ColumnFit(ColumnType.Number) { Missing = Missing, Fill = Fill is double fill ? [fill] : null, Bins = Bins ?? 0 };
    }
}

public sealed record CategoryColumnConfig : ColumnConfig
{
    /// <summary>What to do with missing values.</summary>
    public MissingStrategy Missing { get; init; }

    internal const int WidestEmbedding = 1 << 12;

    /// <summary>The replacement for a missing category, with <c>missing: constant</c>.</summary>
    public string? Fill { get; init; }

    /// <summary>Size of a vector that the network learns for each category, instead of one-hot inputs; for columns with many categories.</summary>
    [DefaultText("none: one-hot")]
    public int? Embedding { get; init => field = value is int width ? Require.Between(width, 1, WidestEmbedding) : null; }

    internal override ColumnFit Plan()
    {
        Check(Source, "category", Missing, Fill is not null, MissingStrategy.Mean, MissingStrategy.Median);
        return new ColumnFit(ColumnType.Category) { Missing = Missing, FillCategory = Fill, Embedding = Embedding ?? 0 };
    }
}

public sealed record BooleanColumnConfig : ColumnConfig
{
    /// <summary>What to do with missing values.</summary>
    public MissingStrategy Missing { get; init; }

    /// <summary>The replacement for a missing value, with <c>missing: constant</c>.</summary>
    public bool? Fill { get; init; }

    internal override ColumnFit Plan()
    {
        Check(Source, "boolean", Missing, Fill is not null, MissingStrategy.Median);
        return new ColumnFit(ColumnType.Boolean) { Missing = Missing, Fill = Fill is bool fill ? [fill ? 1 : 0] : null };
    }
}

public sealed record DateColumnConfig : ColumnConfig
{
    /// <summary>Parts of the date to use. Default: year, month, day, weekday, hour and minute, except parts that never change in the training data.</summary>
    [Shorthand]
    [DefaultText("year, month, day, weekday, hour and minute, except parts that never change in the training data")]
    public IReadOnlyList<DatePart> Parts { get; init => field = Require.NotEmpty(value); } = [];

    /// <summary>Encode periodic parts (all but year and age) as sine and cosine, so that December is next to January, and 23:00 next to 0:00.</summary>
    public bool Cyclic { get; init; }

    /// <summary>Format of the dates, in .NET's notation, e.g. <c>MM/dd/yyyy HH:mm</c>. Default: any unambiguous format.</summary>
    public string? Format { get; init; }

    /// <summary>What to do with missing values.</summary>
    public MissingStrategy Missing { get; init; }

    internal override ColumnFit Plan()
    {
        Check(Source, "date", Missing, false, MissingStrategy.Constant);
        return new ColumnFit(ColumnType.Date) { Missing = Missing, Format = Format, Parts = Parts.Count == 0 ? null : [.. Parts.Distinct()], Cyclic = Cyclic };
    }
}

public sealed record TextColumnConfig : ColumnConfig
{
    internal override ColumnFit Plan() =>
        throw ConfigException.At(Source, "a column of type text: free text cannot be learned from yet; expected 'ignore', or 'category' if texts repeat");
}

public sealed record IgnoredColumnConfig : ColumnConfig
{
    internal override ColumnFit? Plan() => null;
}
