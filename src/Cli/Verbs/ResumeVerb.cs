using System.Text.RegularExpressions;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Cli.Verbs;

[Verb("resume", HelpText = "Continue a stopped or killed run from its newest intact checkpoint, bit-identical to a run that never stopped.")]
public sealed class ResumeVerb : Verb, ITakesOverrides
{
    [Value(0, MetaName = "RUN", Required = true, HelpText = "The run folder.")]
    public string RunPath { get; set; } = "";

    [Option("set", HelpText = "KEY.KEY=VALUE: changes the config. More epochs, other logging, saving, threads and targets need no --allow-changes.")]
    public IEnumerable<string> Set { get; set; } = [];

    [Option("allow-changes", HelpText = "Continue even if config or data differ from the checkpoint's.")]
    public bool AllowChanges { get; set; }

    [Option("until", MetaValue = "EPOCH", HelpText = "Stop after this epoch with a checkpoint.")]
    [Range(1)]
    public int? Until { get; set; }

    [Option("live", HelpText = "Full-screen view during training: curves, gradients by layer, alarms.")]
    public bool Live { get; set; }

    public override int Run(Output output) => RankedTraining.Run(output, ranks => ranks is { Rank: > 0 } ? Compute(output, ranks) : Resume(output, ranks));

    private int Resume(Output output, ICollectives? ranks)
    {
        using var signals = TrainingCommand.Signals();
        using RunFolder folder = RunFolder.Open(RunPath, Output.Note);
        LoadedConfig loaded = RankedTraining.For(RunConfigFile.Load(folder.Config, Set), ranks);
        ModelCheck.Check(loaded.Config);
        using CheckpointFile? file = folder.Checkpoints.OpenNewest();
        if (file is null)
            Output.Note($"{RunPath}: no checkpoint yet; starting from the beginning");
        (Device device, TrainingData data) = ConfigVerb.OpenAndLoad(loaded, signals, output);
        using Device opened = device;
        if (file is not null)
        {
            Accept(ConfigDiff.Since(file.Content, loaded.Tree, data.Fingerprint), loaded, folder);
            NoteOtherBits(file.Content, device, folder);
            output.Line($"checkpoint {file.Path}: {Where(file.Content.State, loaded.Config.Train.Epochs)}");
        }
        return TrainingCommand.Run(loaded, data, device, folder, file?.Content, signals, output, Until, ranks, Live);
    }

    // The other ranks take the run's state from rank 0, which has the run folder.
    private int Compute(Output output, ICollectives ranks)
    {
        using var signals = TrainingCommand.Signals();
        LoadedConfig loaded = RankedTraining.For(RunConfigFile.Load(Path.Combine(RunPath, "config.yaml"), Set), ranks);
        ModelCheck.Check(loaded.Config);
        (Device device, TrainingData data) = ConfigVerb.OpenAndLoad(loaded, signals, output);
        using Device opened = device;
        return RankedTraining.Compute(loaded, data, device, ranks, signals, isNew: false, Until);
    }

    private static string Where(RunState state, int epochs) => Format.Invariant(
        $"step {state.Step}, {(state.Cursor == 0 ? $"after {state.Epoch} of {epochs} epochs" : $"in epoch {state.Epoch + 1} of {epochs}")}");

    // The number of threads does not change the bits; everything else in the device's name may.
    private static void NoteOtherBits(Checkpoint checkpoint, Device device, RunFolder folder)
    {
        string now = Checkpoint.NameOf(device);
        if (Bits(checkpoint.Device) == Bits(now))
            return;
        Output.Note($"continues on {now}, was started on {checkpoint.Device}: another device or SIMD width adds in another order, so the last bits differ from those of a run that never stopped");
        try
        {
            RunManifest manifest = folder.ReadManifest();
            folder.WriteManifest(manifest with { Resumed = [.. manifest.Resumed ?? [], new Resumption(checkpoint.State.Step, now)] });
        }
        catch (GpuGradException e) when (e.Fault == Fault.Data)
        {
            Output.Note($"{e.Message} The manifest does not record this.");
        }
    }

    private static string Bits(string device) => Regex.Replace(device, ", [0-9]+ threads?", "");

    private void Accept(IReadOnlyList<ConfigDifference> differences, LoadedConfig loaded, RunFolder folder)
    {
        // Where dead units are drawn anew, that happens after measured steps.
        bool measures = loaded.Config.Diagnostics.OnDead != OnDead.Nothing;
        if (!AllowChanges)
            ConfigDiff.RequireNone([.. differences.Where(d => !ConfigDiff.IsHarmless(d) || (measures && d.Key == "diagnostics.every"))]);
        foreach (ConfigDifference difference in differences)
            Output.Note($"changed: {difference}");
        // The next resume starts from the changed config.
        if (differences.Count > 0)
            folder.WriteConfig(YamlWriter.Write(loaded.Tree));
    }
}
