using System.Collections;
using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Losses;

/// <summary>
/// Weight of each class: one number per class, or <c>balanced</c>, which becomes n/(K·nₖ) once the training samples are known, as in scikit-learn:
/// every class then has the same total weight, however many samples it has.
/// </summary>
public sealed class ClassWeights : IConfigValue<ClassWeights>, IReadOnlyList<double>
{
    private readonly IReadOnlyList<double>? weights; // null while the samples are not known

    private ClassWeights(IReadOnlyList<double>? weights) => this.weights = weights;

    public static string Expected => "a number for each class, or balanced";

    public static ClassWeights Balanced { get; } = new(null);

    public bool AreKnown => weights is not null;

    public int Count => weights?.Count ?? 0;

    /// <summary>Weight of a class; 1 while the samples are not known.</summary>
    public double this[int index] => weights is null ? 1 : weights[index];

    /// <summary>Balanced weights; a class without samples gets weight 1.</summary>
    /// <param name="shares">The share of each class among the training samples.</param>
    public static ClassWeights FromShares(IReadOnlyList<double> shares) => new([.. shares.Select(s => s > 0 ? 1 / (shares.Count * s) : 1)]);

    public static ClassWeights? Read(YamlNode node) => node switch
    {
        YamlScalar { Value: "balanced" } => Balanced,
        YamlSequence list => new ClassWeights([.. list.Items.Select(i => ConfigBinder.Bind<double>(i, "an item of class-weights"))]),
        _ => null,
    };

    /// <summary>The weights for a number of classes: all 1 while the samples are not known.</summary>
    internal IReadOnlyList<double> For(int classes) => weights ?? [.. Enumerable.Repeat(1.0, classes)];

    public IEnumerator<double> GetEnumerator() => (weights ?? []).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => weights is null ? "balanced" : $"[{string.Join(", ", weights.Select(w => w.ToString(CultureInfo.InvariantCulture)))}]";
}
