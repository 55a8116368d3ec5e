using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Config;
using GpuGrad.Training.Networks;

namespace GpuGrad.Cli.Verbs;

[Verb("summary", HelpText = "Show a network layer by layer: shapes, parameters, work, memory.")]
public sealed class SummaryVerb : ConfigVerb
{
    public override int Run(Output output)
    {
        LoadedConfig loaded = Load();
        Network network = ModelCheck.Check(loaded.Config)
            ?? throw new GpuGradException(Fault.Config, $"{ConfigPath}: the shape of the data is known only after reading it; give data.shape and data.classes");
        NetworkSummary summary = NetworkSummary.Of(loaded.Config, network);
        output.Table(
            ["layer", "kind", "output", "parameters", "FLOP/sample", ""],
            summary.Layers.Select(l => new[] { l.Path, l.Kind, l.Output.ToString(), Format.Count(l.Parameters), Format.Count(l.Flops), l.Details }),
            3, 4);
        output.Line();
        output.Line($"parameters   {summary.Parameters:N0} ({Format.Bytes(4.0 * summary.Parameters)})");
        output.Line($"work         {Format.Count(summary.ForwardFlops)}FLOP a sample forward, {Format.Count(summary.StepFlops)}FLOP a step of {loaded.Config.Data.Batch}");
        output.Line($"memory       {Format.Bytes(summary.StateBytes)} for parameters, gradients and optimizer; {Format.Bytes(summary.ArenaBytes)} for a step ({Format.Bytes(summary.UnsharedBytes)} if nothing were shared)");
        output.Json(ToJson(summary));
        return ExitCode.Done;
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
