using System.Diagnostics;
using GpuGrad.Kernels.Benchmarks;

namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>Times work that ranks do together, equally often on each.</summary>
internal static class RankTiming
{
    private const int Tried = 3, Fewest = 5, Most = 20_000;

    /// <summary>Runs something for about this long, after a warm-up of a third of that. The ranks agree on the number of repetitions.</summary>
    /// <param name="group">The ranks; null for this process alone.</param>
    /// <param name="seconds">Time to spend.</param>
    /// <param name="run">Must return when the work is done.</param>
    public static Timing Of(ICollectives? group, double seconds, Action run)
    {
        run(); // compiles
        Meet(group);
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < Tried; i++)
            run();
        double once = Slowest(group, Stopwatch.GetElapsedTime(begin).TotalSeconds) / Tried;
        int count = (int)Math.Clamp(seconds / Math.Max(once, 1e-9), Fewest, Most);
        for (int i = 0; i < count / 3; i++)
            run();
        Meet(group);
        var samples = new double[count];
        for (int i = 0; i < count; i++)
        {
            begin = Stopwatch.GetTimestamp();
            run();
            samples[i] = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        }
        return new Timing(samples);
    }

    /// <summary>The largest of the ranks' medians, in seconds, on every rank.</summary>
    public static double Slowest(ICollectives group, Timing timing) => Slowest(group, timing.Median / 1000);

    private static double Slowest(ICollectives? group, double own)
    {
        if (group is null)
            return own;
        var all = new double[group.Size];
        all[group.Rank] = own;
        group.Sum(all);
        return all.Max();
    }

    private static void Meet(ICollectives? group) => group?.Sum(new double[1]);
}
