using GpuGrad.Kernels.Benchmarks;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tools;

/// <summary>Timings of a training step.</summary>
/// <param name="Batch">Samples per step.</param>
/// <param name="Step">Times of whole steps: batch, forward, backward, update.</param>
/// <param name="Cost">Operations of a step, and memory that has to move.</param>
/// <param name="AllocatedBytes">Managed bytes allocated per step.</param>
/// <param name="Collections">Garbage collections during the timing.</param>
/// <param name="Ops">Time per op, slowest first; ops are run one by one, so their sum is a little more than a step.</param>
public sealed record StepFigures(int Batch, Timing Step, Cost Cost, double AllocatedBytes, int Collections, IReadOnlyList<NodeTime> Ops)
{
    public double SamplesPerSecond => Batch / Step.Median * 1000;

    public double FlopsPerSecond => Cost.Flops / Step.Median * 1000;
}

/// <summary>Times training steps as <c>train</c> runs them, on one batch that stays on the device.</summary>
public static class StepBenchmark
{
    private const int StepsCounted = 100;

    /// <param name="config">The experiment.</param>
    /// <param name="network">Its network.</param>
    /// <param name="device">The device.</param>
    /// <param name="samples">The batch.</param>
    /// <param name="normalization">Scaling of the samples.</param>
    /// <param name="peak">Peak of the device for comparison; null to skip the ops.</param>
    /// <param name="seconds">Time to spend on the steps; the ops take half as much again.</param>
    public static StepFigures Run(
        RunConfig config, Network network, Device device, SampleSet samples, Normalization normalization, DevicePeak? peak, double seconds)
    {
        using var model = new Model(config, network, device);
        var source = new BatchSource("batch", samples, normalization, config.Data.Augmentation?.InStep);
        model.Initialise(config.Seed);
        source.Upload(model.DeviceMemory);
        model.Prepare(source, [], samples.Count);
        BoundGraph bound = model.Training(samples.Count);
        long step = 0;
        // With a rate of 0 the weights stay finite however long it runs, and the work is the same.
        void SetStep() => model.SetStep(config.Seed, step, 0, step++, rate: 0);
        void Step()
        {
            SetStep();
            bound.Plan.Run();
            bound.Plan.Synchronize();
        }
        Step();
        int collections = GC.CollectionCount(0);
        Timing timing = Timing.Of(Step, seconds);
        collections = GC.CollectionCount(0) - collections;
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < StepsCounted; i++)
            Step();
        double bytes = (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / StepsCounted;
        if (!double.IsFinite(bound.Loss))
            throw new GpuGradException(Fault.NonFinite, $"the loss of a step is {bound.Loss}, so it is not timed.");
        return new StepFigures(
            samples.Count, timing, bound.Plan.Nodes.Aggregate(new Cost(0, 0), (sum, n) => sum + n.Cost), bytes, collections,
            peak is null ? [] : NodeTimes.Of(bound.Plan, peak, seconds / 2, SetStep));
    }
}
