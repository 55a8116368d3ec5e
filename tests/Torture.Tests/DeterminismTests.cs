using GpuGrad.Tests.Support;

namespace GpuGrad.Torture.Tests;

/// <summary>One seed, one result: in another process, and on any number of threads.</summary>
public sealed class DeterminismTests : IDisposable
{
    private readonly Experiment experiment = Experiment.Rich(epochs: 2, every: 0);

    public void Dispose() => experiment.Dispose();

    [Fact]
    public void Two_runs_of_one_seed_have_the_same_bits_on_1_2_3_and_8_threads()
    {
        int pairs = 0, different = 0;
        string? before = null;
        for (int seed = 1; seed <= Effort.Count(1, 20); seed++, pairs++)
        {
            RunContent first = Of(Gpugrad.Run(Train(seed, threads: 2)), seed);
            foreach (int threads in new[] { 1, 2, 3, 8 })
            {
                RunContent again = Of(Gpugrad.Inside(Train(seed, threads)), seed);
                Assert.True(first.Buffers == again.Buffers && first.Metrics == again.Metrics && first.State == again.State, $"seed {seed}, {threads} threads");
            }
            different += first.Buffers == before ? 0 : 1;
            before = first.Buffers;
        }
        Assert.Equal(pairs, different);
        Effort.Report("pairs", $"{pairs} seeds, each in two processes and on 1, 2, 3 and 8 threads: the same bits; no two seeds the same");
    }

    private string[] Train(int seed, int threads) =>
        ["train", experiment.Config, "--out", experiment.In("run"), "--set", FormattableString.Invariant($"seed={seed}"), "--threads", FormattableString.Invariant($"{threads}")];

    private RunContent Of(Ended ended, int seed)
    {
        Assert.True(ended.Code == 0, $"seed {seed}: {ended}");
        RunContent content = RunContent.Of(experiment.In("run"));
        Directory.Delete(experiment.In("run"), recursive: true);
        return content;
    }
}
