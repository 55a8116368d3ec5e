using System.Diagnostics;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Torture.Tests;

/// <summary>Signals, and two processes at one run.</summary>
public sealed class StopTests : IDisposable
{
    // It does not end by itself, so that every signal comes before the end, however busy the machine is.
    private readonly Experiment experiment = Experiment.Rich(epochs: 1_000_000, every: 0);

    private string Run => experiment.In("run");

    public void Dispose() => experiment.Dispose();

    [Fact]
    public void A_signal_leads_to_a_checkpoint_and_its_exit_code_and_the_run_resumes_with_the_same_bits()
    {
        (string Name, int Code)[] signals = [("TERM", 143), ("INT", 130), ("HUP", 129)];
        int stopped = 0, midEpoch = 0;
        for (; stopped < Effort.Count(3, 99); stopped++)
        {
            (string name, int code) = signals[stopped % signals.Length];
            RunState state;
            using (Process process = Gpugrad.Start(null, [], "train", experiment.Config, "--out", Run))
            {
                Gpugrad.Await(process, HasBegun);
                Thread.Sleep(new Random(stopped).Next(100)); // some other instant each time
                Gpugrad.Signal(process, name);
                state = AssertStopped(Gpugrad.WaitFor(process), name, code);
            }
            midEpoch += state.Cursor > 0 ? 1 : 0;
            string end = FormattableString.Invariant($"train.epochs={state.Epoch + 2}");
            Assert.Equal(0, Gpugrad.Run("resume", Run, "--set", end, "--allow-changes").Code);
            Assert.Equal(0, Gpugrad.Run("train", experiment.Config, "--out", experiment.In("whole"), "--set", end).Code);
            RunContent.AssertSame(WithoutAlarms(RunContent.Of(experiment.In("whole"))), WithoutAlarms(RunContent.Of(Run)), name);
            Directory.Delete(Run, recursive: true);
            Directory.Delete(experiment.In("whole"), recursive: true);
        }
        Effort.Report("signals", $"{stopped} of {stopped} runs stopped by TERM, INT or HUP with a checkpoint and exit 143, 130 or 129, {midEpoch} of them within an epoch, all resumed to the same bits");
    }

    // They know how many steps a run was asked for, which is not the same here; KillTests compare them too.
    private static RunContent WithoutAlarms(RunContent content) => content with
    {
        Metrics = string.Join('\n', content.Metrics.Split('\n').Where(line => !line.Contains("\"alarm\":", StringComparison.Ordinal) && !line.Contains("\"remark\":", StringComparison.Ordinal))),
    };

    [Fact]
    public void A_second_process_is_refused_and_the_lock_of_a_killed_one_is_taken_over()
    {
        int refused = 0;
        using (Process process = Gpugrad.Start(null, [], "train", experiment.Config, "--out", Run))
        {
            Gpugrad.Await(process, HasBegun);
            for (; refused < Effort.Count(2, 50); refused++)
            {
                Ended second = Gpugrad.Inside(refused % 2 == 0 ? ["resume", Run] : ["train", experiment.Config, "--out", Run]);
                Assert.Equal(2, second.Code);
                Assert.Contains(refused % 2 == 0 ? $"{Run}: in use by process {process.Id} on " : $"{Run}: already holds a run", second.Errors, StringComparison.Ordinal);
            }
            process.Kill();
            Ended killed = Gpugrad.WaitFor(process);
            Assert.Equal(137, killed.Code);
        }
        using (Process next = Gpugrad.Start(null, [], "resume", Run))
        {
            while (next.StandardOutput.ReadLine()?.StartsWith("run ", StringComparison.Ordinal) == false)
                continue;
            Gpugrad.Signal(next, "TERM");
            Ended ended = Gpugrad.WaitFor(next);
            Assert.Equal(143, ended.Code);
            Assert.Contains("ended without closing it; continuing from its last checkpoint", ended.Errors, StringComparison.Ordinal);
        }
        Effort.Report("locks", $"{refused} second processes refused, the lock of a killed one taken over");
    }

    private bool HasBegun() => Directory.Exists(Path.Combine(Run, "checkpoints")) && Directory.EnumerateFiles(Path.Combine(Run, "checkpoints"), "*.ckpt").Any();

    private RunState AssertStopped(Ended ended, string name, int code)
    {
        Assert.True(ended.Code == code, $"{name}: {ended}");
        Assert.Contains("resume it with: gpugrad resume", ended.Errors, StringComparison.Ordinal);
        using RunFolder folder = RunFolder.Open(Run);
        Assert.Equal("stopped", folder.ReadSummary().Status);
        using CheckpointFile newest = folder.Checkpoints.OpenNewest()!;
        Assert.Equal(folder.ReadSummary().Steps, newest.Content.State.Step);
        return newest.Content.State;
    }
}
