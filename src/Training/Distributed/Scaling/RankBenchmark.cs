using GpuGrad.Kernels.Benchmarks;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>Times a training step on 1, 2, 4 … of the ranks, while the others sleep, and forecasts larger numbers.</summary>
/// <param name="config">The experiment.</param>
/// <param name="network">Its network.</param>
/// <param name="device">This rank's device.</param>
/// <param name="samples">A batch, the same on every rank.</param>
/// <param name="normalization">Scaling of the samples.</param>
/// <param name="seconds">Time to spend on the steps for each number of ranks, and again on their parts.</param>
public sealed class RankBenchmark(RunConfig config, Network network, Device device, SampleSet samples, Normalization normalization, double seconds)
{
    // Sizes in bytes of the all-reduces that determine latency and bandwidth.
    private static readonly int[] SumSizes = [1 << 3, 1 << 10, 1 << 13, 1 << 16, 1 << 18, 1 << 20, 1 << 22];

    /// <summary>The numbers of ranks that are measured: powers of two, and all.</summary>
    public static IReadOnlyList<int> GroupSizes(int ranks) => [.. Enumerable.Range(0, 31).Select(i => 1 << i).TakeWhile(size => size < ranks), ranks];

    /// <summary>Measures; every rank must call it. Rank 0 gets the results.</summary>
    /// <param name="ranks">All of them; null for this process alone.</param>
    /// <param name="networks">Networks to forecast for.</param>
    /// <exception cref="ConfigException">The batch has fewer samples than there are ranks.</exception>
    public ScalingFigures Run(Mpi? ranks, IReadOnlyList<KnownLink> networks)
    {
        int size = ranks?.Size ?? 1;
        if (samples.Count < size)
            throw ConfigException.At(config.Data.Source, $"a batch of {samples.Count} samples for {size} ranks; expected at least one for each: a larger data.batch, or fewer ranks");
        var rows = new List<ScalingRow>();
        IReadOnlyList<ScalingForecast> forecasts = ranks is null or { Rank: 0 } ? Alone(rows, networks) : [];
        ranks?.Rest();
        foreach (int part in GroupSizes(size).Skip(1))
        {
            if (ranks!.First(part) is { } group)
                rows.Add(Together(group));
            ranks.Rest();
        }
        return new ScalingFigures(samples.Count, sizeof(float) * ParameterGroups.Layout(config, network).TrainedLength, rows, forecasts);
    }

    private IReadOnlyList<ScalingForecast> Alone(List<ScalingRow> rows, IReadOnlyList<KnownLink> networks)
    {
        using Model model = Prepared(RankShare.Alone);
        BoundGraph bound = model.Training(samples.Count);
        Timing step = RankTiming.Of(null, seconds, Computing(model, bound, begin: 0));
        RequireFinite(bound);
        rows.Add(new ScalingRow(1, samples.Count, step, step.Median / 1000, Communication: 0, Exposed: 0, [], null));
        return Forecaster.Of(new BackwardProfile(model, bound, step.Median, seconds / 2).Of, networks);
    }

    private ScalingRow Together(ICollectives group)
    {
        var share = new RankShare(group.Rank, group.Size);
        (int begin, int own) = share.Of(samples.Count);
        using Model model = Prepared(share);
        BoundGraph bound = model.Training(own);
        double compute = RankTiming.Slowest(group, RankTiming.Of(group, seconds / 2, Computing(model, bound, begin)));
        var timed = new TimedRanks(group);
        var ranks = new RankGroup(timed, model, overlaps: config.Train.Accumulate == 1 && !device.RunsAhead);
        var exposed = new List<double>();
        Timing step = RankTiming.Of(group, seconds, () =>
        {
            timed.Forget();
            double before = timed.Exposed;
            model.SetStep(config.Seed, exposed.Count, begin, exposed.Count, rate: 0);
            ranks.Combine(ranks.Run(bound, own, samples.Count, default), own, stop: false, last: false);
            bound.Plan.Run(Kernels.Graphs.Phase.Update, Kernels.Graphs.Phase.Update);
            bound.Plan.Synchronize();
            exposed.Add(timed.Exposed - before);
        });
        RequireFinite(bound);
        int[] sums = [.. timed.Sums];
        var zeros = new float[sums.Max() / sizeof(float)]; // which stay zeros
        double communication = RankTiming.Of(group, seconds / 4, () => Array.ForEach(sums, bytes => group.Sum(zeros.AsSpan(0, bytes / sizeof(float))))).Median / 1000;
        return new ScalingRow(group.Size, share.Largest(samples.Count), step, compute, communication, new Timing(exposed.TakeLast(step.Count)).Median, sums, LinkOf(group));
    }

    // With a rate of 0 the weights stay finite however long it runs, and the work is the same.
    private Action Computing(Model model, BoundGraph bound, int begin)
    {
        long step = 0;
        return () =>
        {
            model.SetStep(config.Seed, step, begin, step++, rate: 0);
            bound.Plan.Run();
            bound.Plan.Synchronize();
        };
    }

    private Model Prepared(RankShare share)
    {
        var model = new Model(config, network, device, share);
        var source = new BatchSource("batch", samples, normalization, config.Data.Augmentation?.InStep);
        model.Initialise(config.Seed);
        source.Upload(model.DeviceMemory);
        model.Prepare(source, [], samples.Count);
        return model;
    }

    private Link LinkOf(ICollectives group)
    {
        var zeros = new float[SumSizes[^1] / sizeof(float)];
        return Link.Fit(group.Size, [.. SumSizes.Select(bytes => ((double)bytes, RankTiming.Of(group, seconds / (4 * SumSizes.Length), () => group.Sum(zeros.AsSpan(0, bytes / sizeof(float)))).Median / 1000))]);
    }

    private static void RequireFinite(BoundGraph bound)
    {
        if (!double.IsFinite(bound.Loss))
            throw new GpuGradException(Fault.NonFinite, $"the loss of a step is {bound.Loss}, so it is not timed.");
    }
}
