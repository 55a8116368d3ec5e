using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Cli.Verbs;

/// <summary>Base of the verbs of the command line; an option is a property.</summary>
public abstract class Verb
{
    [Option("json", HelpText = "Print the result as one JSON value.")]
    public bool Json { get; set; }

    /// <summary>Arguments beyond those of the verb, which is an error.</summary>
    [Value(int.MaxValue, Hidden = true)]
    public IEnumerable<string> Surplus { get; set; } = [];

    /// <summary>The raw command line, since a default value does not tell whether an option was given.</summary>
    internal IReadOnlyList<string> Words { get; set; } = [];

    /// <summary>Refuses options that were given but have no effect.</summary>
    /// <param name="matter">Whether they have an effect.</param>
    /// <param name="what">What the options require, for the message.</param>
    /// <param name="options">Names of the options.</param>
    protected void OnlyWith(bool matter, string what, params IReadOnlyList<string> options)
    {
        string? idle = matter ? null : options.FirstOrDefault(o => Words.TakeWhile(w => w != "--").Any(w => w == "--" + o || w.StartsWith($"--{o}=", StringComparison.Ordinal)));
        if (idle is not null)
            throw new GpuGradException(Fault.Config, $"--{idle} works only with {what}");
    }

    /// <summary>Runs the verb and returns the exit code.</summary>
    public abstract int Run(Output output);
}

/// <summary>A verb with <c>--set</c>.</summary>
internal interface ITakesOverrides
{
    IEnumerable<string> Set { get; set; }
}

/// <summary>Base of verbs that may take an experiment: the options that override a config.</summary>
public abstract class OverridingVerb : Verb, ITakesOverrides
{
    [Option("set", HelpText = "KEY.KEY=VALUE: overrides the config; null removes a key. Any number of times.")]
    public IEnumerable<string> Set { get; set; } = [];

    [Option("device", HelpText = "auto, cpu, cuda[:i], opencl[:i], emulated or reference; overrides the config.")]
    public string? DeviceId { get; set; }

    [Option("threads", HelpText = "Threads of the cpu device; overrides the config.")]
    [Range(0, Highest = 1024)]
    public int? Threads { get; set; }

    protected LoadedConfig Load(string path) => Load(path, []);

    /// <summary>The same with settings added, as <c>--set</c> takes them.</summary>
    protected LoadedConfig Load(string path, IEnumerable<string> settings)
    {
        IEnumerable<string> overrides = Set.Concat(settings);
        if (DeviceId is not null)
            overrides = overrides.Append($"device={DeviceId}");
        if (Threads is int threads)
            overrides = overrides.Append(Format.Invariant($"threads={threads}"));
        return RunConfigFile.Load(path, overrides);
    }

    /// <summary>Opens the device of a config; if the choice was left open, reports the chosen one and why.</summary>
    internal static Device OpenDevice(RunConfig config, Output output) => OpenDevice(config.Device, config.Threads, output);

    /// <summary>Opens a device by its id.</summary>
    internal static Device OpenDevice(string id, int threads, Output output)
    {
        DeviceInfo info = DeviceCatalog.Find(id);
        Device device = DeviceCatalog.Open(info.Id, threads);
        string why = id == DeviceCatalog.Auto ? info.IsGpu ? " (auto: the first GPU)" : " (auto: no GPU was found)" : "";
        output.Line($"device     {device.Id}: {device.Name}{why}");
        return device;
    }

    /// <summary>Loads and prepares the data of a config, reporting progress.</summary>
    /// <param name="loaded">The experiment.</param>
    /// <param name="output">Reports what was loaded.</param>
    /// <param name="fitted">Scaling and categories fitted in an earlier training; null for a new training.</param>
    internal static TrainingData LoadData(LoadedConfig loaded, Output output, FittedInput? fitted = null)
    {
        using var progress = new LoadingDisplay();
        return Loaded(LoadAsync(loaded, progress, fitted), progress, output);
    }

    /// <summary>Opens the device of a config and warms it up while the data are loaded, which takes longer.</summary>
    internal static (Device Device, TrainingData Data) OpenAndLoad(LoadedConfig loaded, StopSignals signals, Output output)
    {
        using var progress = new LoadingDisplay(waits: true);
        Task<TrainingData> loading = LoadAsync(loaded, progress, stop: signals.Stop);
        signals.Loading = loading;
        Device device = OpenDevice(loaded.Config, output);
        progress.Begin();
        try
        {
            WarmUp.Run(loaded, device);
            return (device, Loaded(loading, progress, output));
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    private static Task<TrainingData> LoadAsync(LoadedConfig loaded, LoadingDisplay progress, FittedInput? fitted = null, CancellationToken stop = default) =>
        Task.Run(() => TrainingData.Load(loaded.Config, new DataContext(loaded.Folder, loaded.Config.Seed, progress.Show) { Fitted = fitted, Stop = stop }), CancellationToken.None);

    private static TrainingData Loaded(Task<TrainingData> loading, LoadingDisplay progress, Output output)
    {
        TrainingData data = loading.GetAwaiter().GetResult();
        progress.Dispose();
        foreach (string note in data.Notes)
            Output.Note(note);
        string parts = string.Join(", ", new[] { ("train", data.Train), ("validation", data.Validation), ("test", data.Test) }
            .Where(p => p.Item2 is not null).Select(p => Format.Invariant($"{p.Item2!.Count:N0} {p.Item1}")));
        output.Line($"data       {data.Origin}: {parts}, each {data.Shape.Shape}");
        return data;
    }
}

/// <summary>Base of verbs that take an experiment.</summary>
public abstract class ConfigVerb : OverridingVerb
{
    [Value(0, MetaName = "CONFIG", Required = true, HelpText = "The YAML file of the experiment.")]
    public string ConfigPath { get; set; } = "";

    protected LoadedConfig Load() => Load(ConfigPath);
}
