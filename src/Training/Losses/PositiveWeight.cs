using System.Collections;
using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Losses;

/// <summary>
/// Weight of a positive target relative to a negative one: one number, one per label, or <c>balanced</c>, which becomes negatives over positives of
/// each label once the training samples are known, as PyTorch's documentation suggests for <c>pos_weight</c>.
/// </summary>
public sealed class PositiveWeight : IConfigValue<PositiveWeight>, IEnumerable<double>
{
    private readonly IReadOnlyList<double>? weights; // null while the samples are not known

    private PositiveWeight(IReadOnlyList<double>? weights, bool each) => (this.weights, IsForEach) = (weights, each);

    public static string Expected => "a number above 0, one for each label, or balanced";

    public static PositiveWeight One { get; } = Of(1);

    public static PositiveWeight Balanced { get; } = new(null, each: false);

    public bool AreKnown => weights is not null;

    /// <summary>Whether each label has its own weight.</summary>
    public bool IsForEach { get; }

    public int Count => weights?.Count ?? 0;

    /// <summary>Whether all weights are 1.</summary>
    public bool IsOne => weights?.All(w => w == 1) != false;

    /// <summary>Weight of a label; 1 while the samples are not known.</summary>
    public double this[int label] => weights is null ? 1 : weights[IsForEach ? label : 0];

    public static PositiveWeight Of(double weight) => new([weight], each: false);

    /// <summary>Balanced weights; 1 for a label that no sample or every sample has.</summary>
    /// <param name="shares">The share of positives of each label among the training samples.</param>
    public static PositiveWeight FromShares(IReadOnlyList<double> shares) => new([.. shares.Select(s => s is > 0 and < 1 ? (1 - s) / s : 1)], each: true);

    public static PositiveWeight? Read(YamlNode node) => node switch
    {
        YamlScalar { Value: "balanced" } => Balanced,
        YamlSequence { Items.Count: > 0 } list => new PositiveWeight([.. list.Items.Select(i => Require.Positive(ConfigBinder.Bind<double>(i, "an item of positive-weight")))], each: true),
        YamlScalar { Quoted: false } one when double.TryParse(one.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out _) => Of(Require.Positive(ConfigBinder.Bind<double>(node, "positive-weight"))),
        _ => null,
    };

    public IEnumerator<double> GetEnumerator() => (weights ?? []).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => weights is null ? "balanced" : IsForEach ? $"[{string.Join(", ", weights.Select(Text))}]" : Text(weights[0]);

    private static string Text(double weight) => weight.ToString(CultureInfo.InvariantCulture);
}
