using System.Diagnostics;
using System.Globalization;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Torture.Tests;

/// <summary>
/// SIGKILL at any instant: the run goes on from its last checkpoint and ends with the same bits as one that was never disturbed. In the
/// long form 200 kills, at least 50 of them while a checkpoint was being written.
/// </summary>
public sealed class KillTests
{
    private const int Every = 1;

    private readonly Random random = new(Effort.IsLong ? Environment.TickCount : 5);
    private int kills, inStartup, inWrite, again;

    [Fact]
    public void A_run_killed_at_any_instant_ends_with_the_same_bits_and_each_sample_came_once_an_epoch()
    {
        using Experiment rich = Experiment.Rich(epochs: 5, Every), identity = Experiment.Identity(epochs: 4, Every);
        var killed = new List<(Experiment Experiment, RunContent Expected, double Seconds)>();
        foreach (Experiment experiment in new[] { rich, identity })
        {
            var clock = Stopwatch.StartNew();
            Assert.Equal(0, Gpugrad.Run("train", experiment.Config, "--out", experiment.In("whole")).Code);
            killed.Add((experiment, RunContent.Of(experiment.In("whole")), clock.Elapsed.TotalSeconds));
        }
        Experiment.AssertEachSampleOnceAnEpoch(identity.In("whole"), epochs: 4);
        for (int i = 0; kills < Effort.Count(6, 200) || inWrite < Effort.Count(0, 50); i++)
        {
            (Experiment experiment, RunContent expected, double seconds) = killed[i % killed.Count];
            string run = experiment.In("killed");
            string what = string.Create(CultureInfo.InvariantCulture, $"case {i}");
            KillAndResume(experiment, run, seconds, what);
            RunContent.AssertSame(expected, RunContent.Of(run), what);
            if (experiment == identity)
                Experiment.AssertEachSampleOnceAnEpoch(run, epochs: 4);
            Directory.Delete(run, recursive: true);
            Assert.True(i < 100 * Effort.Count(6, 200), "the kills miss");
        }
        Effort.Report("kill", $"{kills} kills, {inStartup} of them before the first checkpoint, {inWrite} inside the write of one, {again} while resuming: all resumed to the same bits");
    }

    private void KillAndResume(Experiment experiment, string run, double seconds, string what)
    {
        string[] verb = ["train", experiment.Config, "--out", run];
        // The first one is killed at any rate, later ones sometimes.
        for (int chance = 1; random.Next(chance) == 0; chance = 3)
        {
            using Process process = Gpugrad.Start(null, [], verb);
            if (random.Next(2) == 0)
                WaitForWrite(process, run);
            else
                process.WaitForExit(TimeSpan.FromSeconds(0.1 + (random.NextDouble() * seconds)));
            process.Kill();
            Ended ended = Gpugrad.WaitFor(process);
            if (ended.Code == 0)
                return; // It was done before.
            Assert.True(ended.Code == 137, $"{what}: {ended}");
            Note(run, chance > 1);
            verb = RunFolder.IsRun(run) ? ["resume", run] : verb;
        }
        Ended last = Gpugrad.Run(verb);
        Assert.True(last.Code == 0, $"{what}: {last}");
    }

    private void Note(string run, bool resuming)
    {
        kills++;
        again += resuming ? 1 : 0;
        string checkpoints = Path.Combine(run, "checkpoints");
        string[] names = Directory.Exists(checkpoints) ? [.. Directory.EnumerateFiles(checkpoints).Select(f => Path.GetFileName(f)!)] : [];
        bool unfinished = names.Any(n => n.StartsWith('.'));
        inWrite += unfinished ? 1 : 0;
        inStartup += !unfinished && names.Length == 0 ? 1 : 0;
    }

    // Looks for the file that some checkpoint is written to until it is renamed, then lets a moment pass.
    private void WaitForWrite(Process process, string run)
    {
        int step = 1 + random.Next(38);
        string[] asides = [.. new[] { "", "-best" }.Select(best => Path.Combine(run, "checkpoints", string.Create(CultureInfo.InvariantCulture, $".step-{step:D8}{best}.ckpt.tmp-{process.Id}")))];
        string later = Path.Combine(run, "checkpoints", string.Create(CultureInfo.InvariantCulture, $"step-{step + 1:D8}.ckpt"));
        while (!process.HasExited && !asides.Any(File.Exists) && !File.Exists(later))
            Thread.SpinWait(20);
        long until = Stopwatch.GetTimestamp() + (long)(random.NextDouble() * 0.002 * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < until)
            Thread.SpinWait(20);
    }
}
