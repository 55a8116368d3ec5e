namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>Predicts steps of many ranks with the cost model.</summary>
public static class Forecaster
{
    /// <summary>The numbers of ranks in a forecast.</summary>
    public static IReadOnlyList<int> Ranks { get; } = [8, 16, 32, 64, 128, 256, 512, 1024];

    // Floats, largest first, so that of ties the simplest is named: the whole gradient.
    private static readonly int[] Buckets = [int.MaxValue, 1 << 22, 1 << 20, 1 << 18, 1 << 16];

    /// <param name="profile">The step for buckets of at least this many floats.</param>
    /// <param name="networks">Networks that may connect the ranks.</param>
    public static IReadOnlyList<ScalingForecast> Of(Func<int, StepProfile> profile, IReadOnlyList<KnownLink> networks)
    {
        StepProfile usual = profile(GradientBuckets.Floats);
        (int Floats, StepProfile Profile)[] tried = [.. Buckets.Select(b => (b, profile(b)))];
        return
        [
            .. from network in networks
               from ranks in Ranks
               let best = tried.Select(t => (t.Floats, Step: t.Profile.On(network.Link, ranks))).MinBy(t => t.Step.Step)
               select new ScalingForecast(network, ranks, usual.On(network.Link, ranks), best.Floats == int.MaxValue ? null : (long)best.Floats * sizeof(float), best.Step),
        ];
    }
}
