using GpuGrad.Kernels.Benchmarks;

namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>Measurements of a training step with some number of ranks. Times are in seconds unless stated otherwise.</summary>
/// <param name="Ranks">Number of ranks.</param>
/// <param name="Part">Samples of the largest part of the batch.</param>
/// <param name="Step">Times of the whole step, in milliseconds.</param>
/// <param name="Compute">The step without its sums, all ranks at once: the slowest rank's median.</param>
/// <param name="Communication">The step's sums one after another without computing, median.</param>
/// <param name="Exposed">Waiting for sums with nothing left to compute, and for slower ranks: median of a step.</param>
/// <param name="Sums">Bytes of each sum of a step.</param>
/// <param name="Link">Link fitted to all-reduces of several sizes; null for one rank.</param>
public sealed record ScalingRow(int Ranks, int Part, Timing Step, double Compute, double Communication, double Exposed, IReadOnlyList<int> Sums, Link? Link)
{
    /// <summary>Communication that overlaps with the backward pass.</summary>
    public double Hidden => Math.Max(0, Communication - Exposed);

    /// <summary>
    /// Prediction of the cost model from <see cref="Compute"/> and <see cref="Link"/>. On one machine the bytes are moved by the processors that compute, so a sum
    /// costs its time even if it overlaps.
    /// </summary>
    public double Predicted => Compute + Sums.Sum(bytes => Link?.Sum(Ranks, bytes) ?? 0);

    /// <summary>Relative error of <see cref="Predicted"/>.</summary>
    public double Error => (Predicted * 1000 / Step.Median) - 1;

    /// <summary>Speed-up over one rank, divided by the number of ranks.</summary>
    public double EfficiencyAgainst(ScalingRow one) => one.Step.Median / (Ranks * Step.Median);
}

/// <summary>Forecast of a step with many ranks, each with as many samples as one rank had here.</summary>
/// <param name="Network">The network between them.</param>
/// <param name="Ranks">Number of ranks.</param>
/// <param name="Step">With the buckets used in training.</param>
/// <param name="BestBucket">Smallest size in bytes of the buckets that give the shortest step; null for the whole gradient at once.</param>
/// <param name="Best">With those buckets.</param>
public sealed record ScalingForecast(KnownLink Network, int Ranks, StepForecast Step, long? BestBucket, StepForecast Best);

/// <summary>How a training step scales with the ranks.</summary>
/// <param name="Batch">Number of samples of all ranks together in measurements, per rank in forecasts.</param>
/// <param name="GradientBytes">Bytes that are summed per step.</param>
/// <param name="Rows">Measurements, one rank first.</param>
/// <param name="Forecasts">Predictions of the cost model.</param>
public sealed record ScalingFigures(int Batch, long GradientBytes, IReadOnlyList<ScalingRow> Rows, IReadOnlyList<ScalingForecast> Forecasts);
