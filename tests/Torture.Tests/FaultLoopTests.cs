using System.Globalization;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Torture.Tests;

/// <summary>
/// A whole run of the program in which the kernel fails the 1st, 2nd, … call of a kind on the run's files, until one goes through without:
/// the failure is said, a whole checkpoint loads, and going on ends with the bits of an undisturbed run.
/// </summary>
public sealed class FaultLoopTests : IDisposable
{
    private const string Strace = "/usr/bin/strace";
    private const string Killed = "signal=SIGKILL";

    private static readonly string[] Calls = ["openat", "write,pwrite64", "fsync", "rename,renameat,renameat2", "unlink,unlinkat", "ftruncate"];
    private static readonly string[] Faults = [Killed, "error=ENOSPC", "error=EIO", "error=EINTR", "error=EDQUOT"];

    private readonly Experiment experiment = Experiment.Identity(epochs: 2, every: 6);

    private string Run => experiment.In("run");

    public void Dispose() => experiment.Dispose();

    [Fact]
    public void Any_failing_system_call_is_reported_and_the_run_resumes_to_the_same_bits()
    {
        bool required = Environment.GetEnvironmentVariable(Switches.Require)?.Split(',').Contains("strace") == true;
        Assert.SkipUnless(required || File.Exists(Strace), "no strace (Debian: strace)");
        Assert.Equal(0, Gpugrad.Run("train", experiment.Config, "--out", experiment.In("whole")).Code);
        RunContent whole = RunContent.Of(experiment.In("whole"));
        var counts = new List<string>();
        int cases = 0;
        for (int i = 0; i < Faults.Length; i++)
        {
            int before = cases;
            for (int j = 0; j < Calls.Length; j++)
            {
                // The short form looks at a few: another call and another count for each fault.
                if (!Effort.IsLong && j != (i * 2 + 1) % Calls.Length)
                    continue;
                for (int nth = 1; Case(Calls[j], Faults[i], nth, whole) && (Effort.IsLong || nth < 2); nth++)
                    cases++;
            }
            counts.Add(string.Create(CultureInfo.InvariantCulture, $"{Faults[i][(Faults[i].IndexOf('=', StringComparison.Ordinal) + 1)..]} {cases - before}"));
            Effort.Report("faults", $"{cases} calls failed ({string.Join(", ", counts)}): reported, a whole checkpoint there, resumed to the same bits");
        }
        Assert.True(cases >= Faults.Length);
    }

    // False where the fault did not come.
    private bool Case(string calls, string fault, int nth, RunContent whole)
    {
        if (Directory.Exists(Run))
            Directory.Delete(Run, recursive: true);
        string what = string.Create(CultureInfo.InvariantCulture, $"{calls}:{fault}:when={nth}");
        Ended ended = Gpugrad.Run(null, ["/bin/sh", "-c", Script(calls, what), "sh"], "train", experiment.Config, "--out", Run);
        string trace = Trace();
        if (!trace.Contains("INJECTED", StringComparison.Ordinal) && ended.Code != 137)
        {
            Assert.True(ended.Code == 0, $"{what}: {ended}");
            RunContent.AssertSame(whole, RunContent.Of(Run), what);
            return false;
        }
        if (fault == Killed)
            Assert.True(ended.Code == 137, $"{what}: {ended}");
        else
            AssertReported(ended, fault, what, trace);
        using (CheckpointFile? newest = Directory.Exists(Run) ? new CheckpointFolder(Path.Combine(Run, "checkpoints")).OpenNewest() : null) // it goes where not a step was done
            Assert.True(!Directory.Exists(Run) || newest is not null || !Directory.EnumerateFiles(Run, "*.ckpt", SearchOption.AllDirectories).Any());
        Ended resumed = RunFolder.IsRun(Run) ? Gpugrad.Run("resume", Run) : Gpugrad.Run("train", experiment.Config, "--out", Run);
        Assert.True(resumed.Code == 0, $"{what}: then {resumed}");
        RunContent.AssertSame(whole, RunContent.Of(Run), what);
        return true;
    }

    private static void AssertReported(Ended ended, string fault, string what, string trace)
    {
        Gpugrad.AssertOrderly(ended, what);
        if (fault == "error=EINTR" && ended.Code == 0)
            return;
        string name = fault["error=".Length..];
        // The runtime's own words, where it was the runtime that called.
        string words = name switch { "EIO" => "Input/output error", "ENOSPC" => "No space left on device", "EDQUOT" => "Disk quota exceeded", _ => "Interrupted system call" };
        bool reported = ended.Errors.Contains($"({name})", StringComparison.Ordinal) || ended.Errors.Contains(words, StringComparison.Ordinal);
        Assert.True(reported, $"{what}: not reported: {ended}\n{trace}");
        Assert.All(ended.Errors.Trim().Split('\n'), line => Assert.DoesNotContain("   at ", line, StringComparison.Ordinal));
    }

    // Only calls on the run's files are touched, those of the runtime go through. The names of files while they are written hold the number
    // of the process, which -D makes that of the shell.
    private string Script(string calls, string injection)
    {
        string[] names = ["config.yaml", "manifest.json", "model.json", "metrics.jsonl", "summary.json", "weights.safetensors"];
        string[] checkpoints = [.. new[] { 6, 12, 18, 24 }.Select(s => string.Create(CultureInfo.InvariantCulture, $"checkpoints/step-{s:D8}.ckpt"))];
        IEnumerable<string> files = names.Concat(checkpoints).SelectMany(n => new[] { $"'{Run}/{n}'", $"'{Run}/{Path.Combine(Path.GetDirectoryName(n)!, "." + Path.GetFileName(n))}.tmp-'$$" });
        string paths = string.Join(" ", files.Append($"'{Run}'").Append($"'{Run}/checkpoints'").Select(f => "-P " + f));
        return $"exec {Strace} -D -f -o '{experiment.In("trace")}' {paths} -e trace={calls} -e inject={injection} \"$@\"";
    }

    private string Trace()
    {
        // The tracer may outlive what it traced for a moment.
        string text = "";
        Patience.Until(() => (text = File.Exists(experiment.In("trace")) ? File.ReadAllText(experiment.In("trace")) : "").Contains("+++", StringComparison.Ordinal), "the end of the trace");
        return text;
    }
}
