using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.BlackBox;

namespace GpuGrad.Cli.Verbs;

[Verb("replay", HelpText = "Replay the last steps of a run that stopped at NaN or infinity, op by op, and name the first such number.")]
public sealed class ReplayVerb : Verb
{
    [Value(0, MetaName = "BUNDLE", Required = true, HelpText = "The folder nonfinite-step-N that the run wrote.")]
    public string BundlePath { get; set; } = "";

    [Option("device", HelpText = "auto, cpu, cuda[:i], opencl[:i], emulated or reference; the one it happened on by default.")]
    public string? DeviceId { get; set; }

    [Option("threads", HelpText = "Threads of the cpu device.")]
    [Range(0, Highest = 1024)]
    public int Threads { get; set; }

    public override int Run(Output output)
    {
        StepBundle bundle = StepBundle.Load(BundlePath);
        using Device device = DeviceCatalog.Open(DeviceId ?? bundle.Device, Threads);
        output.Line($"steps      {string.Join(", ", bundle.Steps.Select(s => s.Step))}, as they ran on {bundle.Device}");
        output.Line($"device     {device.Id}: {device.Name}");
        Finding? finding = new StepReplay(bundle).Run(device);
        foreach (string line in finding is null ? [$"every number is finite on {device.Id}"] : FindingText.Lines(finding))
            output.Line(line);
        output.Json(ToJson(finding));
        return finding is null ? ExitCode.Done : ExitCode.NonFinite;
    }

    private static JsonObject ToJson(Finding? finding)
    {
        if (finding is null)
            return new JsonObject { ["finite"] = true };
        return new JsonObject
        {
            ["finite"] = false,
            ["step"] = finding.Step,
            ["direction"] = finding.Direction.ToString().ToLowerInvariant(),
            ["layer"] = finding.Layer,
            ["kind"] = finding.Kind,
            ["tensor"] = finding.Tensor,
            ["index"] = new JsonArray([.. finding.Index.Select(i => JsonValue.Create(i))]),
            ["value"] = finding.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["count"] = finding.Count,
            ["op"] = finding.Op,
            ["inputs"] = new JsonArray([.. finding.Inputs.Select(ToJson)]),
            ["before"] = finding.Before is null ? null : ToJson(finding.Before),
        };
    }

    private static JsonObject ToJson(TensorFigures figures) => new()
    {
        ["name"] = figures.Name,
        ["mean"] = figures.Mean,
        ["deviation"] = figures.Deviation,
        ["largest"] = figures.Largest,
    };
}
