using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Evaluation;

namespace GpuGrad.Training.Schedules;

/// <summary>Samples that a metric is measured on.</summary>
public enum MetricSet
{
    Train,
    Validation,
    Test,
}

/// <summary>
/// A metric of an epoch: <c>validation-loss</c>, <c>test-macro-f1</c>; without a set, as in <c>roc-auc</c>, that of the validation samples, or of the
/// test samples if there are no others.
/// </summary>
/// <param name="Set">The samples; null for the monitored ones.</param>
/// <param name="Figure">Name as in <c>summary.json</c>, e.g. <c>macro_f1</c>.</param>
public sealed record Metric(MetricSet? Set, string Figure) : IConfigValue<Metric>
{
    /// <summary>Names of the same metrics in other programs.</summary>
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["f1_macro"] = "macro_f1",
        ["f1_micro"] = "micro_f1",
        ["f1_weighted"] = "weighted_f1",
        ["auc"] = "roc_auc",
        ["auroc"] = "roc_auc",
        ["average_precision"] = "pr_auc",
        ["mcc"] = "matthews",
        ["ece"] = "calibration_error",
        ["top_5"] = "top_5_accuracy",
        ["precision_macro"] = "macro_precision",
        ["recall_macro"] = "macro_recall",
    };

    public static string Expected => "a figure of an epoch, e.g. validation-loss, test-accuracy, roc-auc, macro-f1, rmse; docs/metrics.md lists them";

    /// <summary>The default metric.</summary>
    public static Metric Loss { get; } = new(null, "loss");

    /// <summary>The metric of <c>train.monitor</c>: <c>keep-best: true</c>.</summary>
    public static Metric Monitored { get; } = new(null, "");

    public bool HigherIsBetter => FigureCatalog.HigherIsBetter(Figure);

    public double Worst => HigherIsBetter ? double.NegativeInfinity : double.PositiveInfinity;

    public static Metric? Read(YamlNode node)
    {
        if (node is not YamlScalar { IsNull: false } scalar)
            return null;
        if (scalar is { Quoted: false, Value: "true" })
            return Monitored;
        string name = scalar.Value.Replace('-', '_');
        MetricSet? set = null;
        foreach (MetricSet candidate in Enum.GetValues<MetricSet>())
        {
            string prefix = candidate.ToString().ToLowerInvariant() + "_";
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                (set, name) = (candidate, name[prefix.Length..]);
        }
        name = Aliases.GetValueOrDefault(name, name);
        if (!FigureCatalog.Names.Contains(name))
            throw new ConfigValueException($"'{scalar.Shown}'", $"a figure of an epoch; {Suggestion.For(name.Replace('_', '-'), FigureCatalog.Names.Select(n => n.Replace('_', '-')))}");
        return new Metric(set, name);
    }

    /// <summary>Whether a value improves on the best so far by more than a margin; NaN never does.</summary>
    public bool IsBetter(double value, double best, double minDelta) => HigherIsBetter ? value > best + minDelta : value < best - minDelta;

    public override string ToString() => $"{(Set is MetricSet set ? set.ToString().ToLowerInvariant() + "-" : "")}{Figure.Replace('_', '-')}";
}
