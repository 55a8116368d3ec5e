using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Schedules;

namespace GpuGrad.Training.Runs;

/// <summary>Decides by the metrics of an epoch: early stopping, lowering the learning rate, keeping the weights.</summary>
internal sealed class Monitor
{
    private readonly TrainConfig config;
    private readonly MetricSet common; // for a metric without the name of a set
    private readonly Metric? keepBest;
    private readonly Metric stopping;
    private readonly Metric plateau;

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a metric is requested that the data cannot give.</exception>
    public Monitor(TrainConfig config, bool hasValidation, bool hasTest)
    {
        Check(config, hasValidation, hasTest);
        this.config = config;
        common = hasValidation ? MetricSet.Validation : hasTest ? MetricSet.Test : MetricSet.Train;
        Judged = Resolved(null);
        keepBest = config.KeepBest is null ? null : Resolved(config.KeepBest);
        stopping = Resolved(config.EarlyStopping?.Metric);
        plateau = Resolved((config.Schedule as PlateauSchedule)?.Metric);
    }

    /// <summary>The metric that epochs are compared by if the config names none.</summary>
    public Metric Judged { get; }

    /// <summary>Requested metrics of a set besides loss and accuracy, with the key and the place that request them.</summary>
    public IEnumerable<(Metric Metric, string Key, Mark? Place)> Asked => Named(config)
        .Select(n => (Metric: Resolved(n.Metric), n.Key, n.Place)).Where(n => !IsPlain(n.Metric));

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a metric is requested that the data cannot give.</exception>
    public static void Check(TrainConfig config, bool hasValidation, bool hasTest)
    {
        foreach ((Metric metric, string key, Mark? place) in Named(config))
        {
            bool there = metric.Set switch { MetricSet.Validation => hasValidation, MetricSet.Test => hasTest, _ => true };
            if (!there)
                throw ConfigException.At(place, $"{key}: '{metric}' is asked for, but there is no {(metric.Set == MetricSet.Test ? "test set" : "validation part; give data.validation, e.g. 0.1")}");
            if (!IsPlain(metric) && metric.Set is MetricSet.Train)
                throw ConfigException.At(place, $"{key}: '{metric}' is asked for, but training samples have only a loss and an accuracy, measured while the weights change; expected a metric of the validation or test samples, e.g. validation-{metric.Figure.Replace('_', '-')}");
            if (!IsPlain(metric) && metric.Set is null && !hasValidation && !hasTest)
                throw ConfigException.At(place, $"{key}: '{metric}' is asked for, but there are neither validation nor test samples; give data.validation, e.g. 0.1");
        }
    }

    /// <summary>Refuses requested metrics that a set of samples does not have.</summary>
    /// <param name="set">The samples.</param>
    /// <param name="given">Names of the available metrics; called only if needed.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a requested metric is not available.</exception>
    public void Require(MetricSet set, Func<IReadOnlyList<string>> given)
    {
        foreach ((Metric metric, string key, Mark? place) in Asked.Where(a => a.Metric.Set == set))
        {
            if (!given().Contains(metric.Figure))
                throw ConfigException.At(place, $"{key}: the {set.ToString().ToLowerInvariant()} samples give no '{metric.Figure.Replace('_', '-')}'; expected one of loss, {string.Join(", ", given().Select(n => n.Replace('_', '-')))}");
        }
    }

    /// <summary>Refuses a target that no run can reach, before training instead of after it.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a metric is requested that the data cannot give.</exception>
    public static void RequireReachable(TargetConfig? target, TrainingData data)
    {
        if (target is null or { TestAccuracy: null, TestLoss: null })
            return;
        if (data.Test is null)
            throw ConfigException.At(target.Source, "target asks for a metric of the test set, but the data has none; give data.test, e.g. 0.2, or ask for train-loss");
        if (target.TestAccuracy is not null && data.Shape.Classes == 0)
            throw ConfigException.At(target.Source, "target asks for test-accuracy, but the data has no classes; expected test-loss");
    }

    /// <summary>Records an epoch; returns whether its weights are the best so far.</summary>
    public bool Note(EpochReport report, RunState state)
    {
        NoteStopping(report, state);
        NotePlateau(report, state);
        return NoteBest(report, state);
    }

    /// <summary>Whether the metric has not improved for as long as the config allows.</summary>
    public bool ShouldStop(RunState state) => config.EarlyStopping is { } rule && state.StoppingBad >= rule.Patience;

    private void NoteStopping(EpochReport report, RunState state)
    {
        if (config.EarlyStopping is not { } rule)
            return;
        double value = report.Figure(stopping);
        if (stopping.IsBetter(value, state.StoppingBest ?? stopping.Worst, rule.MinDelta))
            (state.StoppingBest, state.StoppingBad) = (value, 0);
        else
            state.StoppingBad++;
    }

    private void NotePlateau(EpochReport report, RunState state)
    {
        if (config.Schedule is not PlateauSchedule rule)
            return;
        double value = report.Figure(plateau), best = state.PlateauBest ?? plateau.Worst;
        // PyTorch's 'rel' threshold: a change counts if it is at least this share of the best value.
        if (plateau.IsBetter(value, best, double.IsFinite(best) ? Math.Abs(best) * rule.MinDelta : 0))
            (state.PlateauBest, state.PlateauBad) = (value, 0);
        else if (++state.PlateauBad > rule.Patience)
            (state.PlateauFactor, state.PlateauBad) = (Math.Max(rule.Min, state.PlateauFactor * rule.By), 0);
    }

    private bool NoteBest(EpochReport report, RunState state)
    {
        if (keepBest is null)
            return false;
        double value = report.Figure(keepBest);
        if (!keepBest.IsBetter(value, state.KeptBest ?? keepBest.Worst, 0))
            return false;
        (state.KeptBest, state.KeptEpoch) = (value, report.Epoch);
        return true;
    }

    private Metric Resolved(Metric? metric)
    {
        Metric named = metric is null || metric == Metric.Monitored ? config.Monitor ?? Metric.Loss : metric;
        return named with { Set = named.Set ?? common };
    }

    private static bool IsPlain(Metric metric) => metric.Figure is "loss" or "accuracy" or "";

    private static IEnumerable<(Metric Metric, string Key, Mark? Place)> Named(TrainConfig config) => new (Metric?, string, Mark?)[]
    {
        (config.Monitor, "train.monitor", config.Source),
        (config.KeepBest, "train.keep-best", config.Source),
        (config.EarlyStopping?.Metric, "train.early-stopping", config.EarlyStopping?.Source),
        ((config.Schedule as PlateauSchedule)?.Metric, "train.schedule", config.Schedule.Source),
    }.Where(n => n.Item1 is not null).Select(n => (n.Item1!, n.Item2, n.Item3));
}
