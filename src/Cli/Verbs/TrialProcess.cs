using System.Diagnostics;
using System.Globalization;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Sweeps;

namespace GpuGrad.Cli.Verbs;

/// <summary>The slots of a sweep's parallel trials: devices and numbers of threads.</summary>
/// <param name="Devices">One device per slot.</param>
/// <param name="Threads">Threads per trial on the cpu; 0 to leave it to the config.</param>
internal sealed record TrialSlots(IReadOnlyList<string> Devices, int Threads)
{
    public int Count => Devices.Count;

    /// <summary>One GPU per slot if the base config leaves the device open and there are GPUs; else the processors are divided among slots.</summary>
    public static TrialSlots Of(SweepPlan plan, int? asked)
    {
        string device = DeviceCatalog.Find(plan.Base.Config.Device).Id;
        int? wanted = asked ?? plan.Parallel;
        if (device != "cpu")
        {
            string kind = device.Split(':')[0];
            string[] all = plan.Base.Config.Device == DeviceCatalog.Auto ? [.. DeviceCatalog.List().Where(d => d.IsGpu && d.Id.StartsWith(kind, StringComparison.Ordinal)).Select(d => d.Id)] : [device];
            return new TrialSlots([.. Enumerable.Range(0, wanted ?? all.Length).Select(i => all[i % all.Length])], 0);
        }
        int count = wanted ?? Math.Max(1, Environment.ProcessorCount / 2);
        return new TrialSlots([.. Enumerable.Repeat(device, count)], plan.Base.Config.Threads > 0 ? 0 : Math.Max(1, Environment.ProcessorCount / count));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Count} at a time on {string.Join(", ", Devices.Distinct())}{(Threads > 0 ? $", {Threads} thread{(Threads == 1 ? "" : "s")} each" : "")}");
}

/// <summary>Trains a trial in its own process: <c>train</c> for a new one, <c>resume</c> for one to continue.</summary>
internal sealed class TrialProcess(SweepPlan plan, SweepFolder folder, TrialSlots slots) : ITrialRunner
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    /// <summary>The command-line arguments of a new trial.</summary>
    public static IEnumerable<string> Arguments(SweepPlan plan, SweepFolder folder, int trial, IReadOnlyList<string> overrides, int epochs) =>
        ["train", plan.BasePath, .. overrides.SelectMany(o => new[] { "--set", o }), "--out", folder.TrialPath(trial), .. Until(plan, epochs)];

    public async Task<TrialResult?> Train(int trial, IReadOnlyList<string> overrides, int epochs, int slot, CancellationToken stop)
    {
        string path = folder.TrialPath(trial);
        await Free(path, stop).ConfigureAwait(false);
        if (TrialFolder.Read(path, plan, epochs) is { } known)
            return known;
        IEnumerable<string> words = RunFolder.IsRun(path)
            ? ["resume", path, .. Until(plan, epochs)]
            : [.. Arguments(plan, folder, trial, overrides, epochs), "--device", slots.Devices[slot], .. slots.Threads > 0 ? new[] { "--threads", slots.Threads.ToString(CultureInfo.InvariantCulture) } : []];
        (int code, string said) = await Run(words, stop).ConfigureAwait(false);
        if (TrialFolder.Read(path, plan, epochs) is { } result)
            return result;
        return stop.IsCancellationRequested && code is > 128 or ExitCode.Done ? null : new TrialResult(null, 0, said.Length > 0 ? said : string.Create(CultureInfo.InvariantCulture, $"ended with exit code {code}"), code);
    }

    private static IEnumerable<string> Until(SweepPlan plan, int epochs) => epochs < plan.Rungs[^1] ? ["--until", epochs.ToString(CultureInfo.InvariantCulture)] : [];

    // A killed sweep leaves its trials running; a resumed one waits for them.
    private static async Task Free(string path, CancellationToken stop)
    {
        while (Directory.Exists(path) && !stop.IsCancellationRequested)
        {
            using WorkFolder run = WorkFolder.Open(path);
            using RunLock? held = RunLock.TryTake(run, out _);
            if (held is not null)
                return;
            await Task.Delay(Poll, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task<(int Code, string Said)> Run(IEnumerable<string> words, CancellationToken stop)
    {
        using Process process = Process.Start(Self(words)) ?? throw new GpuGradException(Fault.Internal, "the program could not start itself");
        process.StandardInput.Close();
        string said = "";
        Task output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task errors = Task.Run(async () =>
        {
            while (await process.StandardError.ReadLineAsync(CancellationToken.None).ConfigureAwait(false) is string line)
                said = line.StartsWith("gpugrad: ", StringComparison.Ordinal) ? line["gpugrad: ".Length..] : said;
        }, CancellationToken.None);
        using (stop.Register(() => StopSignals.Ask(process)))
        {
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            await Task.WhenAll(output, errors).ConfigureAwait(false);
        }
        return (process.ExitCode, said);
    }

    // Started by dotnet with a library, or as a native program.
    private static ProcessStartInfo Self(IEnumerable<string> words)
    {
        string program = Environment.ProcessPath!, library = Path.Combine(AppContext.BaseDirectory, "gpugrad.dll");
        bool hosted = Path.GetFileNameWithoutExtension(program) == "dotnet";
        return new ProcessStartInfo(program, [.. hosted ? new[] { library } : [], .. words]) { RedirectStandardError = true, RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
    }
}

/// <summary>Reads the results of trials that were trained elsewhere.</summary>
internal sealed class TrialCollector(SweepPlan plan, SweepFolder folder) : ITrialRunner
{
    public Task<TrialResult?> Train(int trial, IReadOnlyList<string> overrides, int epochs, int slot, CancellationToken stop) =>
        Task.FromResult(TrialFolder.Read(folder.TrialPath(trial), plan, epochs));
}
