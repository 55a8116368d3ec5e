using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Runs;

public enum RunStatus
{
    /// <summary>All epochs done.</summary>
    Finished,

    /// <summary>No better for as long as the config waits.</summary>
    EarlyStopped,

    /// <summary>A signal or a caller asked for it; the run can be resumed.</summary>
    Stopped,
}

/// <summary>How a run ended, with the figures of its final weights.</summary>
public sealed record RunResult(RunStatus Status, EpochReport Final);

/// <summary>The figures of an epoch.</summary>
public sealed record EpochReport
{
    /// <summary>Epochs done.</summary>
    public required int Epoch { get; init; }

    /// <summary>Optimizer steps done.</summary>
    public required long Step { get; init; }

    /// <summary>Means over the epoch's batches, while the weights moved.</summary>
    public required EpochFigures Train { get; init; }

    public EpochFigures? Validation { get; init; }

    public EpochFigures? Test { get; init; }

    /// <summary>Learning rate of the last step.</summary>
    public double Rate { get; init; }

    /// <summary>Training time so far.</summary>
    public double Seconds { get; init; }

    /// <summary>Training samples a second in this epoch.</summary>
    public double SamplesPerSecond { get; init; }

    /// <summary>All figures of the validation samples; null where they were not judged, or an output was not finite.</summary>
    public EvaluationReport? ValidationReport { get; init; }

    /// <summary>All figures of the test samples.</summary>
    public EvaluationReport? TestReport { get; init; }

    /// <summary>The sets that are there, with their figures and reports.</summary>
    public IEnumerable<(string Name, EpochFigures Figures, EvaluationReport? Report)> Sets =>
        new (string, EpochFigures?, EvaluationReport?)[] { ("train", Train, null), ("validation", Validation, ValidationReport), ("test", Test, TestReport) }
            .Where(s => s.Item2 is not null).Select(s => (s.Item1, s.Item2!.Value, s.Item3));

    /// <summary>A figure of a set; NaN where there is none.</summary>
    public double Figure(Metric metric)
    {
        (string, EpochFigures Figures, EvaluationReport? Report) set = Sets.FirstOrDefault(s => s.Name == metric.Set?.ToString().ToLowerInvariant(), ("", new EpochFigures(double.NaN, double.NaN, 0), null));
        return metric.Figure switch
        {
            "loss" => set.Figures.Loss,
            "accuracy" when !double.IsNaN(set.Figures.Accuracy) => set.Figures.Accuracy,
            _ => set.Report?[metric.Figure] ?? double.NaN,
        };
    }
}

/// <summary>A step just done. Its numbers are read from the device when asked for.</summary>
/// <param name="Epoch">Whole epochs before it.</param>
/// <param name="Step">Optimizer steps done, this one included.</param>
/// <param name="Done">Samples of the epoch done.</param>
/// <param name="Samples">Samples of an epoch.</param>
/// <param name="Rate">Its learning rate.</param>
/// <param name="Bound">Graph and plan of its last batch, the only one where no gradients are accumulated.</param>
/// <param name="Watched">Whether it left figures of its layers in the model's probe.</param>
public readonly record struct StepReport(int Epoch, long Step, int Done, int Samples, double Rate, BoundGraph Bound, bool Watched)
{
    /// <summary>
    /// The mean loss over its samples. Where gradients are accumulated on a device that runs ahead, steps that are neither logged nor
    /// watched know that of their last batch only.
    /// </summary>
    public double Loss => OfAllRanks ?? (Before.Weight > 0 ? Before.With(Bound).Mean : Bound.Loss);

    internal StepLoss Before { get; init; }

    internal double? OfAllRanks { get; init; }
}

/// <summary>The mean loss over batches, in which every sample counts alike, or by its class's weight.</summary>
internal readonly record struct StepLoss(double Mean, double Weight)
{
    public StepLoss With(BoundGraph batch)
    {
        double weight = batch.Weight, all = Weight + weight;
        return weight == 0 ? this : new StepLoss(Mean + ((batch.Loss - Mean) * (weight / all)), all);
    }
}

/// <summary>Looks on while a run goes on.</summary>
public interface IRunObserver
{
    /// <summary>Called after each step; anything slow costs the run.</summary>
    void OnStep(Trainer trainer, in StepReport report)
    {
    }

    /// <summary>Called when something about the run should be known; remarks (<see cref="Health.Alarm.IsRemark"/>) among it.</summary>
    void OnAlarm(Trainer trainer, Health.Alarm alarm)
    {
    }

    /// <summary>Called after each epoch's evaluation.</summary>
    void OnEpoch(Trainer trainer, EpochReport report)
    {
    }
}

/// <summary>Several observers as one.</summary>
public sealed class Observers(params IReadOnlyList<IRunObserver> all) : IRunObserver
{
    public void OnStep(Trainer trainer, in StepReport report)
    {
        foreach (IRunObserver observer in all)
            observer.OnStep(trainer, report);
    }

    public void OnAlarm(Trainer trainer, Health.Alarm alarm)
    {
        foreach (IRunObserver observer in all)
            observer.OnAlarm(trainer, alarm);
    }

    public void OnEpoch(Trainer trainer, EpochReport report)
    {
        foreach (IRunObserver observer in all)
            observer.OnEpoch(trainer, report);
    }
}
