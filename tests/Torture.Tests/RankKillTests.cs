using System.Diagnostics;
using System.Globalization;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Torture.Tests;

/// <summary>
/// SIGKILL of a rank or of its launcher at any instant: all ranks end, and the run goes on from its last checkpoint to the bits of one that was never
/// disturbed. In the long form 20 kills of ranks and 20 of launchers, half of them under Open MPI and half under MPICH.
/// </summary>
public sealed class RankKillTests
{
    private const int Size = 3;

    private readonly Random random = new(Effort.IsLong ? Environment.TickCount : 5);
    private int ofRanks, ofLaunchers, before, again;

    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void Ranks_killed_at_any_instant_end_together_and_resume_to_the_same_bits(string mpi)
    {
        string[] launcher = MpiRanks.Launcher(mpi, Size);
        using Experiment experiment = Experiment.Rich(epochs: 5, every: 1);
        var clock = Stopwatch.StartNew();
        Ended whole = Gpugrad.WaitFor(Start(launcher, "train", experiment.Config, "--set", "threads=1", "--out", experiment.In("whole")));
        Assert.True(whole.Code == 0, whole.ToString());
        double seconds = clock.Elapsed.TotalSeconds;
        RunContent expected = RunContent.Of(experiment.In("whole"));
        int most = Effort.Count(1, 10);
        for (int i = 0; ofRanks < most || ofLaunchers < most; i++)
        {
            Assert.True(i < 20 * most, "the kills miss");
            string what = string.Create(CultureInfo.InvariantCulture, $"case {i}"), run = experiment.In("killed");
            KillAndResume(launcher, experiment, run, ofLaunchers < ofRanks, seconds, what);
            RunContent.AssertSame(expected, RunContent.Of(run), what);
            Directory.Delete(run, recursive: true);
        }
        Effort.Report($"rank-kill-{mpi}", $"{ofRanks} kills of a rank and {ofLaunchers} of mpirun, {before} of them before the first checkpoint, {again} while resuming: all resumed to the same bits");
    }

    [Fact]
    public void Four_ranks_then_two_then_three_train_each_sample_once_an_epoch()
    {
        using Experiment experiment = Experiment.Identity(epochs: 3, every: 5);
        string run = experiment.In("run");
        foreach ((string mpi, int size, string[] verb) in new[] { ("mpich", 4, ["train", experiment.Config, "--out", run, "--until", "1"]), ("openmpi", 2, ["resume", run, "--until", "2"]), ("mpich", 3, new[] { "resume", run }) })
        {
            Ended ended = Gpugrad.WaitFor(Start(MpiRanks.Launcher(mpi, size), verb));
            Assert.True(ended.Code == 0, ended.ToString());
        }
        Experiment.AssertEachSampleOnceAnEpoch(run, epochs: 3);
    }

    private void KillAndResume(string[] launcher, Experiment experiment, string run, bool killsLauncher, double seconds, string what)
    {
        string[] verb = ["train", experiment.Config, "--set", "threads=1", "--out", run];
        // The first one is killed at any rate, later ones sometimes.
        for (int chance = 1; random.Next(chance) == 0; chance = 4)
        {
            using Process process = Start(launcher, verb);
            Patience.Until(() => process.HasExited || MpiRanks.Below(process.Id).Length == Size, "all ranks run");
            process.WaitForExit(TimeSpan.FromSeconds(random.NextDouble() * seconds));
            int[] ranks = MpiRanks.Below(process.Id);
            if (!Kill(killsLauncher ? process.Id : ranks.ElementAtOrDefault(random.Next(Size))))
            {
                Assert.Equal(0, Gpugrad.WaitFor(process).Code);
                return; // It was done before.
            }
            Ended ended = Gpugrad.WaitFor(process);
            // Ranks that lost their launcher end by themselves.
            Patience.Until(() => ranks.All(MpiRanks.IsGone), "all ranks end");
            if (ended.Code == 0)
                return; // The rank had nothing more to do.
            (ofRanks, ofLaunchers) = killsLauncher ? (ofRanks, ofLaunchers + 1) : (ofRanks + 1, ofLaunchers);
            before += Directory.Exists(Path.Combine(run, "checkpoints")) && Directory.EnumerateFiles(Path.Combine(run, "checkpoints"), "*.ckpt").Any() ? 0 : 1;
            again += chance > 1 ? 1 : 0;
            verb = RunFolder.IsRun(run) ? ["resume", run] : verb;
        }
        Ended last = Gpugrad.WaitFor(Start(launcher, verb));
        Assert.True(last.Code == 0, $"{what}: {last}");
    }

    // Whether there was something to kill.
    private static bool Kill(int process)
    {
        try
        {
            if (process == 0 || MpiRanks.IsGone(process))
                return false;
            using var killed = Process.GetProcessById(process);
            killed.Kill();
            return true;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    private static Process Start(string[] launcher, params string[] arguments) => Gpugrad.Start(MpiRanks.Variables, launcher, arguments);
}
