using System.Diagnostics;

namespace GpuGrad.Kernels.Benchmarks;

/// <summary>Repeated measurements in milliseconds, sorted. The median is the result, the minimum is that of an idle machine.</summary>
public sealed class Timing
{
    private const int MostSamples = 100_000;

    private readonly double[] sorted;

    public Timing(IEnumerable<double> milliseconds)
    {
        sorted = [.. milliseconds];
        Array.Sort(sorted);
    }

    public double Median => sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;

    public double Min => sorted[0];

    public double Max => sorted[^1];

    public int Count => sorted.Length;

    /// <summary>
    /// Runs something for about <paramref name="seconds"/>, at least <paramref name="fewest"/> times, after a warm-up of a third of
    /// that: for caches, and for the JIT, which recompiles hot code.
    /// </summary>
    /// <param name="run">Must return when the work is done, not when it is enqueued.</param>
    /// <param name="seconds">Time to spend on samples.</param>
    /// <param name="fewest">Least number of samples.</param>
    public static Timing Of(Action run, double seconds, int fewest = 5)
    {
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < 2 || clock.Elapsed.TotalSeconds < seconds / 3; i++)
            run();
        var samples = new double[MostSamples];
        int count = 0;
        clock.Restart();
        while (count < fewest || (clock.Elapsed.TotalSeconds < seconds && count < MostSamples))
        {
            long begin = Stopwatch.GetTimestamp();
            run();
            samples[count++] = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        }
        return new Timing(samples[..count]);
    }
}
