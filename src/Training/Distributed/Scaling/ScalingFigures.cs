using GpuGrad.Kernels.Benchmarks;

namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>A training step of some ranks as it was measured. Times are in seconds unless said.</summary>
/// <param name="Ranks">How many.</param>
/// <param name="Part">Samples of the largest part of the batch.</param>
/// <param name="Step">Times of the whole step, in milliseconds.</param>
/// <param name="Compute">The step without its sums, all ranks at once: the slowest rank's median.</param>
/// <param name="Communication">The step's sums one after another with nothing to compute, median.</param>
/// <param name="Exposed">Waiting for sums with nothing left to compute, and for slower ranks: median of a step.</param>
/// <param name="Sums">Bytes of each sum of a step.</param>
/// <param name="Link">What the all-reduces of several sizes say of the connection; null for one rank.</param>
public sealed record ScalingRow(int Ranks, int Part, Timing Step, double Compute, double Communication, double Exposed, IReadOnlyList<int> Sums, Link? Link)
{
    /// <summary>Communication behind the backward pass.</summary>
    public double Hidden => Math.Max(0, Communication - Exposed);

    /// <summary>
    /// What the cost model makes of <see cref="Compute"/> and <see cref="Link"/>. On one machine the bytes are moved by the processors that compute, so that a sum
    /// costs its time wherever it runs.
    /// </summary>
    public double Predicted => Compute + Sums.Sum(bytes => Link?.Sum(Ranks, bytes) ?? 0);

    /// <summary>Relative error of <see cref="Predicted"/>.</summary>
    public double Error => (Predicted * 1000 / Step.Median) - 1;

    /// <summary>How many times as fast as one rank, over the ranks.</summary>
    public double EfficiencyAgainst(ScalingRow one) => one.Step.Median / (Ranks * Step.Median);
}

/// <summary>A step of many ranks, each with as many samples as one rank had here.</summary>
/// <param name="Network">What connects them.</param>
/// <param name="Ranks">How many.</param>
/// <param name="Step">With the buckets that training has.</param>
/// <param name="BestBucket">The bucket of those tried, in bytes at least, that gives the shortest step; null for the whole gradient at once.</param>
/// <param name="Best">With that one.</param>
public sealed record ScalingForecast(KnownLink Network, int Ranks, StepForecast Step, long? BestBucket, StepForecast Best);

/// <summary>How a training step scales with the ranks.</summary>
/// <param name="Batch">Samples of all ranks together where it was measured, of each where it is forecast.</param>
/// <param name="GradientBytes">What is added up in a step.</param>
/// <param name="Rows">As measured, one rank first.</param>
/// <param name="Forecasts">As the cost model has it.</param>
public sealed record ScalingFigures(int Batch, long GradientBytes, IReadOnlyList<ScalingRow> Rows, IReadOnlyList<ScalingForecast> Forecasts);
