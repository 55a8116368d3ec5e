namespace GpuGrad.Training.Schedules;

/// <summary>A figure of an epoch.</summary>
public enum Metric
{
    TrainLoss,
    ValidationLoss,
    ValidationAccuracy,
    TestLoss,
    TestAccuracy,
}

public static class Metrics
{
    public static bool HigherIsBetter(this Metric metric) => metric is Metric.TestAccuracy or Metric.ValidationAccuracy;

    /// <summary>Whether a figure is better than the best so far by more than a margin; NaN never is.</summary>
    public static bool IsBetter(this Metric metric, double value, double best, double minDelta) =>
        metric.HigherIsBetter() ? value > best + minDelta : value < best - minDelta;

    public static double Worst(this Metric metric) => metric.HigherIsBetter() ? double.NegativeInfinity : double.PositiveInfinity;
}
