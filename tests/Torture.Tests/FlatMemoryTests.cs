using System.Diagnostics;
using System.Globalization;
using GpuGrad.Tests.Support;

namespace GpuGrad.Torture.Tests;

/// <summary>A long run takes no more memory and no more open files than a short one.</summary>
public sealed class FlatMemoryTests
{
    private const int Begin = 1000;

    [SkippableFact]
    public void Memory_and_handles_are_flat_from_step_1000_on()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "needs /proc");
        int steps = Effort.Count(6_000, 100_000);
        using Experiment experiment = Experiment.Identity(epochs: (steps / (Experiment.Samples / Experiment.Batch)) + 1, every: 0);
        using Process process = Gpugrad.Start(null, [], "train", experiment.Config, "--out", experiment.In("run"), "--set", "train.log-every=100");
        string status = string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/status"), handles = string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/fd");
        var seen = new List<(double Step, double MiB, int Handles)>();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        while (!process.WaitForExit(20))
        {
            try
            {
                long step = StepIn(Path.Combine(experiment.In("run"), "checkpoints"));
                string memory = File.ReadLines(status).First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
                if (step >= Begin)
                    seen.Add((step, double.Parse(memory, CultureInfo.InvariantCulture) / 1024, Directory.GetFiles(handles).Length));
            }
            catch (Exception e) when (e is IOException or InvalidOperationException or UnauthorizedAccessException)
            {
                // It has just ended, or a file was just replaced.
            }
        }
        Assert.True(process.ExitCode == 0, output.Result + errors.Result);
        Assert.True(seen.Count > 10, $"looked only {seen.Count} times");
        double growth = SlopeOf(seen) * (steps - Begin);
        // Files come and go: a checkpoint that is being written, what the runtime opens once. What leaks never goes.
        int third = seen.Count / 3, first = seen.Take(third).Min(s => s.Handles), last = seen.TakeLast(third).Min(s => s.Handles);
        Effort.Report("memory", $"{growth:F2} MiB more from step {Begin} to {steps} ({seen.Count} looks, {seen.Average(s => s.MiB):F1} MiB on average), {first} handles in the first third, {last} in the last");
        // A short run is still being compiled by the runtime.
        Assert.True(growth <= (Effort.IsLong ? 1 : 16), FormattableString.Invariant($"{growth:F2} MiB more from step {Begin} to {steps}"));
        Assert.True(last - first <= 2, $"{first} handles in the first third of the run, {last} in the last");
    }

    private static long StepIn(string checkpoints) => Directory.Exists(checkpoints)
        ? Directory.EnumerateFiles(checkpoints, "step-*.ckpt").Select(f => long.Parse(Path.GetFileName(f).AsSpan(5, 8), CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max()
        : 0;

    private static double SlopeOf(List<(double Step, double MiB, int Handles)> seen)
    {
        (double x, double y) = (seen.Average(s => s.Step), seen.Average(s => s.MiB));
        return seen.Sum(s => (s.Step - x) * (s.MiB - y)) / seen.Sum(s => (s.Step - x) * (s.Step - x));
    }
}
