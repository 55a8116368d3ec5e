using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;

namespace GpuGrad.Cli.Verbs;

/// <summary>A verb of the command line with its options.</summary>
public abstract class Verb
{
    [Option("json", HelpText = "Print one JSON value for a machine to read.")]
    public bool Json { get; set; }

    /// <summary>Does it; gives the exit code.</summary>
    public abstract int Run(Output output);
}

/// <summary>A verb that begins with an experiment.</summary>
public abstract class ConfigVerb : Verb
{
    [Value(0, MetaName = "CONFIG", Required = true, HelpText = "The YAML file of the experiment.")]
    public string ConfigPath { get; set; } = "";

    [Option("set", HelpText = "KEY.KEY=VALUE: overrides the config; null removes a key. Any number of times.")]
    public IEnumerable<string> Set { get; set; } = [];

    [Option("device", HelpText = "auto, cpu, cuda[:i], opencl[:i], emulated or reference; overrides the config.")]
    public string? DeviceId { get; set; }

    [Option("threads", HelpText = "Threads of the cpu device; overrides the config.")]
    public int? Threads { get; set; }

    protected LoadedConfig Load()
    {
        IEnumerable<string> overrides = Set;
        if (DeviceId is not null)
            overrides = overrides.Append($"device={DeviceId}");
        if (Threads is int threads)
            overrides = overrides.Append(Format.Invariant($"threads={threads}"));
        return RunConfigFile.Load(ConfigPath, overrides);
    }

    /// <summary>Opens the device of a config; where the choice was left open, says what was chosen and why.</summary>
    protected static Device OpenDevice(RunConfig config, Output output)
    {
        DeviceInfo info = DeviceCatalog.Find(config.Device);
        Device device = DeviceCatalog.Open(info.Id, config.Threads);
        string why = config.Device == DeviceCatalog.Auto ? info.IsGpu ? " (auto: the first GPU)" : " (auto: no GPU was found)" : "";
        output.Line($"device     {device.Id}: {device.Name}{why}");
        return device;
    }
}
