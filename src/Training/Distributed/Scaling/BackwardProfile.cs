using GpuGrad.Kernels.Benchmarks;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>The node times of a training step, from which follows when each part of the gradient is complete.</summary>
internal sealed class BackwardProfile
{
    private readonly Model model;
    private readonly Plan plan;
    private readonly double[] ends; // end of each node, in seconds from the start of the step

    /// <param name="model">A model of one rank, with the whole batch.</param>
    /// <param name="bound">Its training step.</param>
    /// <param name="step">Median of the whole step in milliseconds, to which the times of single nodes are scaled.</param>
    /// <param name="seconds">Time to spend.</param>
    public BackwardProfile(Model model, BoundGraph bound, double step, double seconds)
    {
        (this.model, plan) = (model, bound.Plan);
        double[] times = [.. NodeTimes.Each(plan, seconds).Select(t => t.Median)];
        double scale = step / 1000 / times.Sum(), at = 0;
        ends = [.. times.Select(t => at += t * scale)];
    }

    /// <summary>The step with its gradient in buckets of at least this many floats.</summary>
    public StepProfile Of(int floats)
    {
        int length = (int)model.Memory.Gradients.Length;
        (int Begin, int Length)[] buckets = [.. GradientBuckets.Divide(model.Memory.Layout, length, floats)];
        int[] writers = GradientBuckets.LastWriters(plan, model.Memory.Gradients, buckets);
        double[] after = [RankGroup.FigureBytes, sizeof(float) * (double)model.Memory.Layout.StateLength];
        return new StepProfile(
            ends[^1],
            End(plan.FirstOf(Phase.Update) - 1),
            [.. buckets.Select((b, i) => new GradientPiece(sizeof(float) * (double)b.Length, End(writers[i])))],
            [.. after.Where(bytes => bytes > 0)]);
    }

    private double End(int node) => node < 0 ? 0 : ends[node];
}
