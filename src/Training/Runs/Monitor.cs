using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Schedules;

namespace GpuGrad.Training.Runs;

/// <summary>What is decided at the end of an epoch from its figures: stop early, lower the rate, keep the weights.</summary>
internal sealed class Monitor
{
    private readonly TrainConfig config;
    private readonly Metric common; // where the config names none

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a figure is asked for that the data cannot give.</exception>
    public Monitor(TrainConfig config, bool hasValidation, bool hasTest)
    {
        this.config = config;
        common = hasValidation ? Metric.ValidationLoss : hasTest ? Metric.TestLoss : Metric.TrainLoss;
        Check(config, hasValidation, hasTest);
    }

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a figure is asked for that the data cannot give.</exception>
    public static void Check(TrainConfig config, bool hasValidation, bool hasTest)
    {
        Require("train.keep-best", config.KeepBest, config.Source, hasValidation, hasTest);
        Require("train.early-stopping", config.EarlyStopping?.Metric, config.EarlyStopping?.Source, hasValidation, hasTest);
        Require("train.schedule", (config.Schedule as PlateauSchedule)?.Metric, config.Schedule.Source, hasValidation, hasTest);
    }

    /// <summary>Takes note of an epoch; gives whether its weights are the best so far.</summary>
    public bool Note(EpochReport report, RunState state)
    {
        NoteStopping(report, state);
        NotePlateau(report, state);
        return NoteBest(report, state);
    }

    /// <summary>Whether the figures have not got better for as long as the config waits.</summary>
    public bool ShouldStop(RunState state) => config.EarlyStopping is { } rule && state.StoppingBad >= rule.Patience;

    private void NoteStopping(EpochReport report, RunState state)
    {
        if (config.EarlyStopping is not { } rule)
            return;
        Metric metric = rule.Metric ?? common;
        double value = report.Figure(metric);
        if (metric.IsBetter(value, state.StoppingBest ?? metric.Worst(), rule.MinDelta))
            (state.StoppingBest, state.StoppingBad) = (value, 0);
        else
            state.StoppingBad++;
    }

    private void NotePlateau(EpochReport report, RunState state)
    {
        if (config.Schedule is not PlateauSchedule rule)
            return;
        Metric metric = rule.Metric ?? common;
        double value = report.Figure(metric), best = state.PlateauBest ?? metric.Worst();
        // PyTorch's 'rel' threshold: a change counts from this share of the best on.
        if (metric.IsBetter(value, best, double.IsFinite(best) ? Math.Abs(best) * rule.MinDelta : 0))
            (state.PlateauBest, state.PlateauBad) = (value, 0);
        else if (++state.PlateauBad > rule.Patience)
            (state.PlateauFactor, state.PlateauBad) = (Math.Max(rule.Min, state.PlateauFactor * rule.By), 0);
    }

    private bool NoteBest(EpochReport report, RunState state)
    {
        if (config.KeepBest is not Metric metric)
            return false;
        double value = report.Figure(metric);
        if (!metric.IsBetter(value, state.KeptBest ?? metric.Worst(), 0))
            return false;
        (state.KeptBest, state.KeptEpoch) = (value, report.Epoch);
        return true;
    }

    private static void Require(string key, Metric? metric, Mark? place, bool hasValidation, bool hasTest)
    {
        bool there = metric switch
        {
            Metric.ValidationLoss or Metric.ValidationAccuracy => hasValidation,
            Metric.TestLoss or Metric.TestAccuracy => hasTest,
            _ => true,
        };
        if (!there)
            throw ConfigException.At(place, $"{key}: '{Naming.Kebab(metric.ToString()!)}' is asked for, but there is no {(metric is Metric.TestLoss or Metric.TestAccuracy ? "test set" : "validation part; give data.validation, e.g. 0.1")}");
    }
}
