using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Sweeps;

/// <summary>The values that a sweep tries for one key. A number from 0 to 1 selects a value.</summary>
public abstract record DimensionConfig : IChoice<DimensionConfig>, ILocated
{
    public static string What => "range of values";

    public static IReadOnlyList<Choice> Choices { get; } =
    [
        new("choice", typeof(ChoiceDimension), "one of a list, of any kind"),
        new("range", typeof(RangeDimension), "a number between two"),
        new("log-range", typeof(LogRangeDimension), "a number between two, every decade as likely as any other: rates, decay"),
        new("integer", typeof(IntegerDimension), "a whole number between two, both included"),
        new("log-integer", typeof(LogIntegerDimension), "a whole number between two, every doubling as likely as any other: widths, batch sizes"),
    ];

    /// <summary>Use the key only in trials where other keys have these values: <c>{train.optimizer: adam}</c>.</summary>
    public Condition? When { get; init; }

    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Number of distinct values; null for a continuous range.</summary>
    internal abstract int? Count { get; }

    /// <summary>Whether the values have no order.</summary>
    internal virtual bool IsCategorical => false;

    /// <summary>The value at a position from 0 to 1, in the form that <c>--set</c> takes.</summary>
    internal abstract string ValueAt(double unit);

    /// <summary>A short form of the value, for tables and conditions.</summary>
    internal virtual string LabelAt(double unit) => ValueAt(unit);

    /// <summary>The value as a number, for axes; NaN if it is not a number.</summary>
    internal double NumberAt(double unit) => double.TryParse(ValueAt(unit), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : double.NaN;

    /// <summary>Positions of the values of a grid.</summary>
    internal virtual IEnumerable<double> Grid(int points)
    {
        int count = Math.Min(points, Count ?? points);
        return Enumerable.Range(0, count).Select(i => count == 1 ? 0.5 : (double)i / (count - 1)).DistinctBy(ValueAt);
    }

    // Four digits are more than any setting needs, and are readable.
    protected static string Number(double value) => double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture);
}

public sealed record ChoiceDimension : DimensionConfig
{
    [Shorthand]
    public required ChoiceValues Values { get; init; }

    internal override int? Count => Values.Texts.Count;

    internal override bool IsCategorical => true;

    internal int IndexAt(double unit) => Math.Min((int)(unit * Values.Texts.Count), Values.Texts.Count - 1);

    internal override string ValueAt(double unit) => Values.Texts[IndexAt(unit)];

    internal override string LabelAt(double unit) => Values.Labels[IndexAt(unit)];

    internal override IEnumerable<double> Grid(int points) => Enumerable.Range(0, Values.Texts.Count).Select(i => (i + 0.5) / Values.Texts.Count);
}

public sealed record RangeDimension : DimensionConfig
{
    /// <summary>Lowest and highest value.</summary>
    [Shorthand]
    public required Interval Between { get; init; }

    internal override int? Count => null;

    internal override string ValueAt(double unit) => Number(Between.Low + (unit * (Between.High - Between.Low)));
}

public sealed record LogRangeDimension : DimensionConfig
{
    /// <summary>Lowest and highest value, above 0.</summary>
    [Shorthand]
    public required Interval Between { get; init => field = value.Low > 0 ? value : throw new ConfigValueException($"{value}", "two numbers above 0"); }

    internal override int? Count => null;

    internal override string ValueAt(double unit) => Number(Math.Exp(Math.Log(Between.Low) + (unit * (Math.Log(Between.High) - Math.Log(Between.Low)))));
}

public sealed record IntegerDimension : DimensionConfig
{
    /// <summary>Lowest and highest value.</summary>
    [Shorthand]
    public required Interval Between { get; init => field = value.RequireWhole(); }

    internal override int? Count => checked((int)Math.Min(int.MaxValue, Between.High - Between.Low + 1));

    internal override string ValueAt(double unit) =>
        Math.Min(Between.High, Math.Floor(Between.Low + (unit * (Between.High - Between.Low + 1)))).ToString("R", CultureInfo.InvariantCulture);

    internal override IEnumerable<double> Grid(int points)
    {
        int count = Math.Min(points, Count!.Value);
        double all = Between.High - Between.Low + 1;
        return Enumerable.Range(0, count).Select(i => (Math.Round(count == 1 ? 0 : i * (all - 1) / (count - 1)) + 0.5) / all);
    }
}

public sealed record LogIntegerDimension : DimensionConfig
{
    /// <summary>Lowest and highest value, above 0.</summary>
    [Shorthand]
    public required Interval Between { get; init => field = value.RequireWhole() is { Low: > 0 } whole ? whole : throw new ConfigValueException($"{value}", "two whole numbers above 0"); }

    internal override int? Count => checked((int)Math.Min(int.MaxValue, Between.High - Between.Low + 1));

    // Half a step beyond both ends, so that the ends come as often as the others.
    internal override string ValueAt(double unit)
    {
        double low = Math.Log(Between.Low - 0.5), high = Math.Log(Between.High + 0.5);
        return Math.Clamp(Math.Round(Math.Exp(low + (unit * (high - low)))), Between.Low, Between.High).ToString("R", CultureInfo.InvariantCulture);
    }
}

/// <summary>Two numbers, the lower one first.</summary>
public sealed record Interval(double Low, double High) : IConfigValue<Interval>
{
    public static string Expected => "two numbers, the lower one first, e.g. [1e-4, 1]";

    public static Interval? Read(YamlNode node)
    {
        if (node is not YamlSequence { Items: [YamlScalar low, YamlScalar high] } || NumberOf(low) is not double from || NumberOf(high) is not double to)
            return null;
        return from < to ? new Interval(from, to) : throw new ConfigValueException($"[{low.Shown}, {high.Shown}]", Expected);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"[{Low:R}, {High:R}]");

    internal Interval RequireWhole() => Low % 1 == 0 && High % 1 == 0 && Math.Abs(Low) < 1e9 && Math.Abs(High) < 1e9 ? this : throw new ConfigValueException($"{this}", "two whole numbers below 1e9");

    private static double? NumberOf(YamlScalar scalar) =>
        !scalar.Quoted && double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;
}

/// <summary>A list of values of any kind.</summary>
/// <param name="Texts">The values in the form that <c>--set</c> takes.</param>
/// <param name="Labels">Short distinct forms.</param>
public sealed record ChoiceValues(IReadOnlyList<string> Texts, IReadOnlyList<string> Labels) : IConfigValue<ChoiceValues>
{
    private const int Most = 1000;

    public static string Expected => "a list of values, e.g. [16, 32, 64]";

    public static ChoiceValues? Read(YamlNode node)
    {
        if (node is not YamlSequence { Items: { Count: > 0 and <= Most } items })
            return null;
        string[] texts = [.. items.Select(FlowText.Of)];
        if (texts.Distinct().Count() < texts.Length)
            throw new ConfigValueException("a list with a value twice", "each value once");
        string[] labels = [.. items.Select(LabelOf)];
        return new ChoiceValues(texts, labels.Distinct().Count() == labels.Length ? labels : texts);
    }

    private static string LabelOf(YamlNode node) => node switch
    {
        YamlScalar scalar => scalar.Value,
        YamlMapping { Entries: [var only] } => only.Key.Value,
        _ => FlowText.Of(node),
    };
}

/// <summary>Values that other keys must have.</summary>
/// <param name="Of">Keys of the space, and the values that satisfy the condition.</param>
public sealed record Condition(IReadOnlyDictionary<string, IReadOnlyList<string>> Of) : IConfigValue<Condition>
{
    public static string Expected => "keys of the space and their values, e.g. {train.optimizer: adam}";

    public static Condition? Read(YamlNode node)
    {
        if (node is not YamlMapping { Entries.Count: > 0 } mapping)
            return null;
        var of = new Dictionary<string, IReadOnlyList<string>>();
        foreach ((YamlScalar key, YamlNode value) in mapping.Entries)
        {
            YamlNode[] items = value is YamlSequence list ? [.. list.Items] : [value];
            if (items.Length == 0 || items.Any(i => i is not YamlScalar))
                return null;
            of[key.Value] = [.. items.Cast<YamlScalar>().Select(i => i.Value)];
        }
        return new Condition(of);
    }
}

/// <summary>Writes a node on one line, in a form that <c>--set</c> reads back.</summary>
internal static class FlowText
{
    public static string Of(YamlNode node) => node switch
    {
        YamlScalar scalar => scalar.Quoted || scalar.Value.AsSpan().ContainsAny(",[]{}#:&*!|>'\"%@`\n") ? Quoted(scalar.Value) : scalar.Value,
        YamlSequence list => $"[{string.Join(", ", list.Items.Select(Of))}]",
        YamlMapping mapping => $"{{{string.Join(", ", mapping.Entries.Select(e => $"{Of(e.Key)}: {Of(e.Value)}"))}}}",
        _ => "",
    };

    // A JSON string is valid YAML.
    private static string Quoted(string text) => System.Text.Json.Nodes.JsonValue.Create(text).ToJsonString();
}
