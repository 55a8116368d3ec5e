using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Cli.Verbs;

[Verb("train", HelpText = "Train a network from a config; writes a run folder with checkpoints, metrics and weights.")]
public sealed class TrainVerb : ConfigVerb
{
    [Option("out", MetaValue = "DIR", HelpText = "The run folder; runs/<date>_<name> by default.")]
    public string? Out { get; set; }

    [Option("weights", MetaValue = "FILE|RUN", HelpText = "Initial weights, loaded by name, as init-from in the config: a run folder or a .safetensors file.")]
    public string? Weights { get; set; }

    [Option("until", MetaValue = "EPOCH", HelpText = "Stop after this epoch with a checkpoint; gpugrad resume continues to the config's last epoch.")]
    [Range(1)]
    public int? Until { get; set; }

    [Option("live", HelpText = "Full-screen view during training: curves, gradients by layer, alarms.")]
    public bool Live { get; set; }

    [Option("apply-advice", HelpText = "Afterwards train again for a while with each setting that an alarm advised, from the same initial weights, and report whether it helps.")]
    public bool ApplyAdvice { get; set; }

    public override int Run(Output output) => RankedTraining.Run(output, ranks => Train(output, ranks));

    // Advice is tried after a run whose numbers became non-finite, too.
    private int TrainAndAdvise(LoadedConfig loaded, TrainingData data, Device device, RunFolder folder, StopSignals signals, Output output, ICollectives? ranks)
    {
        try
        {
            int code = TrainingCommand.Run(loaded, data, device, folder, resumed: null, signals, output, Until, ranks, Live);
            if (ApplyAdvice && code is ExitCode.Done or ExitCode.TargetMissed)
                Advise();
            return code;
        }
        catch (NonFiniteException) when (ApplyAdvice)
        {
            Advise();
            throw;
        }

        void Advise() => AdviceCommand.Run(ConfigPath, settings => Load(ConfigPath, settings), data, device, folder, output);
    }

    private int Train(Output output, ICollectives? ranks)
    {
        if (Weights is not null)
            Set = Set.Append($"init-from.file={JsonValue.Create(Path.GetFullPath(Weights)).ToJsonString()}");
        LoadedConfig loaded = Load();
        RunConfig config = loaded.Config;
        ModelCheck.Check(config);
        config.InitFrom?.Check();
        if (config.Data.Dataset is null)
            throw ConfigException.At(config.Data.Source, "data has no 'dataset' to train on; expected one, e.g. 'dataset: digits'");
        if (ApplyAdvice && ranks is not null)
            throw new GpuGradException(Fault.Config, "--apply-advice trains in one process; start it without mpirun");
        loaded = RankedTraining.For(loaded, ranks);
        using var signals = TrainingCommand.Signals();
        (Device device, TrainingData data) = OpenAndLoad(loaded, signals, output);
        using Device opened = device;
        if (ranks is { Rank: > 0 })
            return RankedTraining.Compute(loaded, data, device, ranks, signals, isNew: true, Until);
        using RunFolder folder = Out is null ? RunFolder.Create(config.Name, warn: Output.Note) : RunFolder.CreateAt(Out, Output.Note);
        loaded = loaded.Resolved(device.Id).For(data);
        folder.WriteConfig(YamlWriter.Write(loaded.Tree));
        folder.WriteManifest(RunManifest.Of(device, config.Seed, data.Fingerprint));
        try
        {
            return TrainAndAdvise(loaded, data, device, folder, signals, output, ranks);
        }
        catch (Exception e) when (e is GpuGradException or OutOfMemoryException)
        {
            folder.Withdraw();
            throw;
        }
    }
}
