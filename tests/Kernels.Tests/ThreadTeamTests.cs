using GpuGrad.Kernels.Devices.Cpu;

namespace GpuGrad.Kernels.Tests;

public sealed class ThreadTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_item_of_every_phase_runs_once_and_phases_keep_their_order(int size)
    {
        using var team = new ThreadTeam(size);
        int[] items = [1, 3, 100, 7, 1000, 1];
        var done = new int[items.Length][];
        var phases = new CpuPhase[items.Length];
        for (int p = 0; p < items.Length; p++)
        {
            int phase = p;
            done[p] = new int[items[p]];
            phases[p] = new CpuPhase(items[p], 1, size, (begin, end, _) =>
            {
                for (int i = begin; i < end; i++)
                {
                    Interlocked.Increment(ref done[phase][i]);
                    Assert.True(phase == 0 || done[phase - 1].All(d => d == done[phase - 1][0]), "a phase began before the one before it ended");
                }
            });
        }
        // Lists of different lengths in a row: a thread that is late out of one must not walk into the next.
        for (int run = 1; run <= 300; run++)
        {
            team.Run(phases, 0, run % 2 == 0 ? phases.Length : 2);
            Assert.All(done.Take(2), d => Assert.All(d, count => Assert.Equal(run, count)));
            Assert.All(done.Skip(2), d => Assert.All(d, count => Assert.Equal(run / 2, count)));
        }
    }

    [Fact]
    public void An_exception_in_a_phase_reaches_the_caller_and_the_team_still_works()
    {
        using var team = new ThreadTeam(3);
        var bad = new CpuPhase(30, 1, 3, (begin, _, _) => throw new InvalidOperationException($"item {begin}"));
        Assert.Throws<InvalidOperationException>(() => team.Run([bad], 0, 1));
        int sum = 0;
        team.Run([new CpuPhase(10, 1, 3, (begin, end, _) => Interlocked.Add(ref sum, end - begin))], 0, 1);
        Assert.Equal(10, sum);
    }
}
