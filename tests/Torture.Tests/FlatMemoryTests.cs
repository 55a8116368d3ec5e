using System.Globalization;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Health;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Torture.Tests;

/// <summary>
/// A long run holds no more memory and no more open files than a short one. What is looked at is what the run holds: the objects that
/// are alive after a full collection, and the bytes of its buffers. How much of the machine's memory the process has (its RSS) depends on
/// when the collector last ran and on what else the machine does; it is reported, and proves nothing.
/// </summary>
public sealed class FlatMemoryTests
{
    private const int Begin = 1000;
    private const double MostMiB = 1;

    [Fact]
    public void What_a_run_holds_is_flat_from_step_1000_on()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        int steps = Effort.Count(6_000, 100_000);
        using Experiment experiment = Experiment.Identity(epochs: steps / (Experiment.Samples / Experiment.Batch), every: 500);
        var watch = new Watch(RunConfigFile.Load(experiment.Config).Config, every: steps / 100);
        Train(experiment, watch);
        Assert.True(watch.Seen.Count > 50, $"looked only {watch.Seen.Count} times");
        (double managed, double buffers) = (watch.Growth(s => s.Managed), watch.Growth(s => s.Buffers));
        (int first, int last) = (watch.Seen[0].Handles, watch.Seen[^1].Handles);
        Effort.Report("memory", string.Create(CultureInfo.InvariantCulture, $"from step {Begin} to {watch.Seen[^1].Step}, {watch.Seen.Count} looks: {managed:F3} MiB more in objects (of {watch.Seen[^1].Managed / Watch.MiB:F1}), {buffers:F3} MiB more in buffers, {last - first} more files open; the process has {watch.Growth(s => s.Resident):F1} MiB more of the machine's memory"));
        Assert.InRange(managed, -MostMiB, MostMiB);
        Assert.InRange(buffers, 0, 0);
        Assert.InRange(last - first, -2, 2);
    }

    // What the verb 'train' does, with somebody who looks on.
    private static void Train(Experiment experiment, Watch watch)
    {
        LoadedConfig loaded = RunConfigFile.Load(experiment.Config);
        using Device device = DeviceCatalog.Open("cpu", 1);
        TrainingData data = TrainingData.Load(loaded.Config, new DataContext(loaded.Folder, loaded.Config.Seed));
        using RunFolder folder = RunFolder.CreateAt(experiment.In("run"));
        folder.WriteConfig(YamlWriter.Write(loaded.Tree));
        using var session = new RunSession(loaded, data, device, folder, resumed: null, watch, _ => { });
        Assert.Equal(RunStatus.Finished, session.Run(CancellationToken.None).Status);
    }

    private sealed record Look(double Step, double Managed, double Buffers, double Resident, int Handles);

    private sealed class Watch(RunConfig config, int every) : IRunObserver
    {
        public const double MiB = 1 << 20;

        // The program's own display, which has a state too; it has nothing to say where a machine reads along.
        private readonly TrainingDisplay display = new(config, new Output(json: true));

        public List<Look> Seen { get; } = new(1000); // does not grow while it is looked

        public void OnStep(Trainer trainer, in StepReport report)
        {
            display.OnStep(trainer, report);
            if (report.Step >= Begin && report.Step % every == 0)
                Seen.Add(new Look(report.Step, Alive(), HostMemory.Used, Resident(), Directory.GetFiles("/proc/self/fd").Length));
        }

        public void OnAlarm(Trainer trainer, Alarm alarm) => display.OnAlarm(trainer, alarm);

        public void OnEpoch(Trainer trainer, EpochReport report) => display.OnEpoch(trainer, report);

        /// <summary>What a straight line through all looks rises by from the first to the last, in MiB.</summary>
        public double Growth(Func<Look, double> of)
        {
            (double x, double y) = (Seen.Average(s => s.Step), Seen.Average(of));
            double slope = Seen.Sum(s => (s.Step - x) * (of(s) - y)) / Seen.Sum(s => (s.Step - x) * (s.Step - x));
            return slope * (Seen[^1].Step - Seen[0].Step) / MiB;
        }

        private static long Alive()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return GC.GetTotalMemory(forceFullCollection: false);
        }

        private static double Resident()
        {
            string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
    }
}
