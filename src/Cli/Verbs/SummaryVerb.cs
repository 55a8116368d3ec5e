using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

[Verb("summary", HelpText = "Show a network layer by layer: shapes, parameters, FLOP, memory.")]
public sealed class SummaryVerb : ConfigVerb
{
    [Option("no-audit", HelpText = "Skip the audit of the initialisation.")]
    public bool NoAudit { get; set; }

    public override int Run(Output output)
    {
        LoadedConfig loaded = Load();
        Network? known = ModelCheck.Check(loaded.Config);
        if (known is null)
        {
            // The config does not give the samples' shape; it follows from the data.
            DataShape found = LoadData(loaded, output).Shape;
            loaded = loaded with { Config = loaded.Config with { Data = loaded.Config.Data with { FoundShape = found } } };
            known = ModelCheck.Check(loaded.Config, found);
        }
        Network network = known;
        NetworkSummary summary = NetworkSummary.Of(loaded.Config, network);
        foreach (string remark in SettingsWithoutEffect.Remarks(loaded.Config, network))
            Output.Note(remark);
        output.Table(
            ["layer", "kind", "output", "parameters", "FLOP/sample", ""],
            summary.Layers.Select(l => new[] { l.Path, l.Kind, l.Output.ToString(), Format.Count(l.Parameters), Format.Count(l.Flops), l.Details }),
            3, 4);
        output.Line();
        output.Line($"parameters   {summary.Parameters:N0} ({Format.Bytes(4.0 * summary.Parameters)})");
        output.Line($"work         {Format.Count(summary.ForwardFlops)}FLOP per sample forward, {Format.Count(summary.StepFlops)}FLOP per step of {loaded.Config.Data.Batch}");
        output.Line($"memory       {Format.Bytes(summary.StateBytes)} for parameters, gradients and optimizer; {Format.Bytes(summary.ArenaBytes)} for a step ({Format.Bytes(summary.UnsharedBytes)} without sharing)");
        JsonObject json = ToJson(summary);
        if (Launches(loaded.Config, network) is int launches and > 0)
        {
            output.Line($"launches     {launches} kernels per step");
            json["launches_per_step"] = launches;
        }
        if (!NoAudit)
            json["init"] = Audit(loaded, network, output);
        output.Json(json);
        return ExitCode.Done;
    }

    // Counted by binding the step to the device, which chooses kernels, splits and fusions.
    private static int Launches(RunConfig config, Network network)
    {
        using Device device = DeviceCatalog.Open(config.Device, config.Threads);
        return device.RunsKernels ? StepLaunches.Of(config, network, device) : 0;
    }

    // On standard normal inputs, which normalised data resemble.
    private static JsonObject Audit(LoadedConfig loaded, Network network, Output output)
    {
        RunConfig config = loaded.Config;
        DataShape shape = config.Data.KnownShape!;
        using Device device = DeviceCatalog.Open(config.Device, config.Threads);
        SampleSet samples = StepBatch.Random(network, shape, Math.Min(config.Data.Batch, 32), config.Seed);
        InitAudit audit = InitAudit.Run(config, network, device, samples, Normalization.None(shape.Shape[0]), shape, new Remedies(loaded));
        output.Line();
        output.Table(
            ["layer", "kind", "deviation", "gradient", "off or flat"],
            audit.Layers.Select(l => new[] { l.Path, l.Kind, Format.Invariant($"{l.Deviation:G3}"), Format.Invariant($"{l.Gradient:G3}"), double.IsNaN(l.Idle) ? "" : Format.Percent(l.Idle) }),
            2, 3, 4);
        output.Line();
        output.Line(Format.Invariant($"at the start  loss {audit.Loss:F4}{(audit.ExpectedLoss is double e ? Format.Invariant($", {e:F4} expected before training") : "")}; input deviation {audit.InputDeviation:G3} (random numbers)"));
        foreach (string line in audit.Alarms.SelectMany(AlarmText.Lines))
            output.Line(line);
        return new JsonObject
        {
            ["loss"] = audit.Loss,
            ["expected_loss"] = audit.ExpectedLoss,
            ["layers"] = new JsonArray([.. audit.Layers.Select(l => new JsonObject { ["path"] = l.Path, ["kind"] = l.Kind, ["deviation"] = l.Deviation, ["gradient"] = double.IsNaN(l.Gradient) ? null : l.Gradient })]),
            ["alarms"] = new JsonArray([.. audit.Alarms.Select(a => new JsonObject { ["id"] = a.Id, ["layer"] = a.Layer, ["finding"] = a.Finding, ["remedy"] = a.Remedy })]),
        };
    }

    private static JsonObject ToJson(NetworkSummary summary) => new()
    {
        ["layers"] = new JsonArray([.. summary.Layers.Select(l => new JsonObject
        {
            ["path"] = l.Path,
            ["kind"] = l.Kind,
            ["output"] = new JsonArray([.. l.Output.Sizes.ToArray().Select(s => JsonValue.Create(s))]),
            ["parameters"] = l.Parameters,
            ["flops"] = l.Flops,
        })]),
        ["parameters"] = summary.Parameters,
        ["forward_flops"] = summary.ForwardFlops,
        ["step_flops"] = summary.StepFlops,
        ["state_bytes"] = summary.StateBytes,
        ["step_bytes"] = summary.ArenaBytes,
    };
}
