using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Runs;

public enum RunStatus
{
    /// <summary>All epochs are done.</summary>
    Finished,

    /// <summary>No improvement for as long as the config allows.</summary>
    EarlyStopped,

    /// <summary>A signal or the caller requested it; the run can be resumed.</summary>
    Stopped,
}

/// <summary>How a run ended, with the metrics of its final weights.</summary>
public sealed record RunResult(RunStatus Status, EpochReport Final);

/// <summary>Metrics of an epoch.</summary>
public sealed record EpochReport
{
    /// <summary>Number of epochs done.</summary>
    public required int Epoch { get; init; }

    /// <summary>Number of optimizer steps done.</summary>
    public required long Step { get; init; }

    /// <summary>Means over the epoch's batches, while the weights changed.</summary>
    public required EpochFigures Train { get; init; }

    public EpochFigures? Validation { get; init; }

    public EpochFigures? Test { get; init; }

    /// <summary>Learning rate of the last step.</summary>
    public double Rate { get; init; }

    /// <summary>Training time so far.</summary>
    public double Seconds { get; init; }

    /// <summary>Training samples per second in this epoch.</summary>
    public double SamplesPerSecond { get; init; }

    /// <summary>All metrics of the validation samples; null if they were not evaluated, or an output was not finite.</summary>
    public EvaluationReport? ValidationReport { get; init; }

    /// <summary>All metrics of the test samples.</summary>
    public EvaluationReport? TestReport { get; init; }

    /// <summary>The available sets, with their figures and reports.</summary>
    public IEnumerable<(string Name, EpochFigures Figures, EvaluationReport? Report)> Sets =>
        new (string, EpochFigures?, EvaluationReport?)[] { ("train", Train, null), ("validation", Validation, ValidationReport), ("test", Test, TestReport) }
            .Where(s => s.Item2 is not null).Select(s => (s.Item1, s.Item2!.Value, s.Item3));

    /// <summary>A metric of a set; NaN if it is not available.</summary>
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

/// <summary>A step that has just finished. Its values are read from the device on request.</summary>
/// <param name="Epoch">Number of whole epochs before it.</param>
/// <param name="Step">Number of optimizer steps done, this one included.</param>
/// <param name="Done">Number of samples of the epoch done.</param>
/// <param name="Samples">Number of samples in an epoch.</param>
/// <param name="Rate">The step's learning rate.</param>
/// <param name="Bound">Graph and plan of the step's last batch, the only one unless gradients are accumulated.</param>
/// <param name="Watched">Whether its layers were measured with the model's probe.</param>
public readonly record struct StepReport(int Epoch, long Step, int Done, int Samples, double Rate, BoundGraph Bound, bool Watched)
{
    /// <summary>
    /// Mean loss over the step's samples. If gradients are accumulated on a device that runs ahead, steps that are neither logged nor
    /// watched have only the loss of their last batch.
    /// </summary>
    public double Loss => OfAllRanks ?? (Before.Weight > 0 ? Before.With(Bound).Mean : Bound.Loss);

    internal StepLoss Before { get; init; }

    internal double? OfAllRanks { get; init; }
}

/// <summary>Mean loss over batches, in which every sample has the same weight, or its class's weight.</summary>
internal readonly record struct StepLoss(double Mean, double Weight)
{
    public StepLoss With(BoundGraph batch)
    {
        double weight = batch.Weight, all = Weight + weight;
        return weight == 0 ? this : new StepLoss(Mean + ((batch.Loss - Mean) * (weight / all)), all);
    }
}

/// <summary>Observes a run.</summary>
public interface IRunObserver
{
    /// <summary>Called after each step; anything slow here slows down the run.</summary>
    void OnStep(Trainer trainer, in StepReport report)
    {
    }

    /// <summary>Called for every alarm, including remarks (<see cref="Health.Alarm.IsRemark"/>).</summary>
    void OnAlarm(Trainer trainer, Health.Alarm alarm)
    {
    }

    /// <summary>Called after each epoch's evaluation.</summary>
    void OnEpoch(Trainer trainer, EpochReport report)
    {
    }
}

/// <summary>Passes each call on to several observers.</summary>
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
