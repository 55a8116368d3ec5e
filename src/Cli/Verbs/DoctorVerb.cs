using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

[Verb("doctor", HelpText = "Check that a device computes correctly: every op, or the network of a config, against the double-precision reference.")]
public sealed class DoctorVerb : Verb
{
    [Value(0, MetaName = "CONFIG", HelpText = "A config whose network is checked layer by layer; without one, every op is checked.")]
    public string? ConfigPath { get; set; }

    [Option("set", HelpText = "KEY.KEY=VALUE: overrides the config.")]
    public IEnumerable<string> Set { get; set; } = [];

    [Option("device", Default = "auto", HelpText = "The device to examine: cpu, cuda[:i], opencl[:i], emulated.")]
    public string DeviceId { get; set; } = "auto";

    [Option("threads", HelpText = "Threads of the cpu device.")]
    [Range(0, Highest = 1024)]
    public int Threads { get; set; }

    [Option("cases", Default = 20, MetaValue = "N", HelpText = "Random shapes for each op, besides those with a special code path.")]
    [Range(1)]
    public int Cases { get; set; }

    [Option("op", Default = "", MetaValue = "WORD", HelpText = "Only ops whose name contains this word, e.g. conv or activations/gelu.")]
    public string Op { get; set; } = "";

    [Option("samples", MetaValue = "N", HelpText = "Batch size for checking a network; by default 16, or 4 for a large network.")]
    [Range(1)]
    public int? Samples { get; set; }

    // A batch norm of a dense layer over four samples multiplies rounding errors by ten, twelve of them by a hundred; small networks
    // avoid that with more samples. Floating-point operations per sample, forward.
    private const double LargeNetwork = 1e7;

    public override int Run(Output output)
    {
        OnlyWith(ConfigPath is null, "doctor without a CONFIG, which examines single ops", "cases", "op");
        OnlyWith(ConfigPath is not null, "doctor CONFIG", "samples");
        using Device device = DeviceCatalog.Open(DeviceId, Threads);
        output.Line($"device     {device.Id}: {device.Name}");
        if (ConfigPath is null && Op.Length > 0)
            RequireOp([.. Doctor.Names()]);
        IReadOnlyList<Diagnosis> found = ConfigPath is null ? [.. Doctor.Ops(device, Cases, Op)] : Network(ConfigPath, device, output);
        output.Line(Format.Invariant($"errors     ‖found - expected‖ / ‖expected‖ against the reference in double; up to {Tolerance.Forward.Relative:0E+0} forward and {Tolerance.Backward.Relative:0E+0} backward pass"));
        output.Line();
        output.Table(
            [ConfigPath is null ? "op" : "tensor", "cases", "forward", "backward", ""],
            found.Select(d => new[] { d.Name, Format.Invariant($"{d.Cases}"), Error(d.Forward), Error(d.Backward), d.Failed == 0 ? "ok" : Format.Invariant($"{d.Failed} FAILED") }),
            1, 2, 3);
        foreach (Diagnosis diagnosis in found.Where(d => d.Failed > 0).Take(ConfigPath is null ? 10 : 1))
            output.Line(ConfigPath is null ? diagnosis.Problem! : $"first divergence: {diagnosis.Problem}");
        int failed = found.Sum(d => d.Failed), passed = found.Sum(d => d.Cases) - failed;
        output.Line(Format.Invariant($"{passed} passed, {failed} failed"));
        output.Json(Report(device, found, passed, failed));
        return failed == 0 ? ExitCode.Done : ExitCode.Device;
    }

    // A list of all names would fill a screen.
    private void RequireOp(string[] names)
    {
        if (names.Any(n => n.Contains(Op, StringComparison.OrdinalIgnoreCase)))
            return;
        string[][] parts = [.. names.Select(n => n.Split('/', 2))];
        string? near = Suggestion.Nearest(Op, parts.SelectMany(p => p));
        throw new GpuGradException(Fault.Config, $"--op {Op}; no op's name contains it; {(near is null ? $"kinds are {string.Join(", ", parts.Select(p => p[0]).Distinct())}" : $"did you mean '{near}'?")}");
    }

    private IReadOnlyList<Diagnosis> Network(string path, Device device, Output output)
    {
        LoadedConfig loaded = RunConfigFile.Load(path, Set);
        RunConfig config = loaded.Config;
        ModelCheck.Check(config);
        TrainingData? data = config.Data.Dataset is null ? null : ConfigVerb.LoadData(loaded, output);
        DataShape shape = data?.Shape ?? config.Data.KnownShape
            ?? throw ConfigException.At(config.Data.Source, "the shape of the data is not known; give data.shape and data.classes");
        Network network = ModelCheck.Check(config, shape);
        int samples = Samples ?? (NetworkSummary.ForwardFlopsOf(config, network) > LargeNetwork ? 4 : 16);
        config = config with { Data = config.Data with { Batch = samples } };
        return data is null
            ? Doctor.Network(config, network, device, StepBatch.Random(network, shape, samples, config.Seed), Normalization.None(shape.Shape[0]))
            : Doctor.Network(config, network, device, data.Train.Pick([.. Enumerable.Range(0, Math.Min(samples, data.Train.Count))]), data.Normalization);
    }

    private static JsonObject Report(Device device, IReadOnlyList<Diagnosis> found, int passed, int failed) => new()
    {
        ["device"] = device.Id,
        ["name"] = device.Name,
        ["passed"] = passed,
        ["failed"] = failed,
        ["tolerance"] = new JsonObject { ["forward"] = Tolerance.Forward.Relative, ["backward"] = Tolerance.Backward.Relative },
        ["checks"] = new JsonArray([.. found.Select(d => new JsonObject
        {
            ["name"] = d.Name,
            ["cases"] = d.Cases,
            ["forward"] = Number(d.Forward),
            ["backward"] = Number(d.Backward),
            ["failed"] = d.Failed,
            ["problem"] = d.Problem,
        })]),
    };

    private static JsonValue? Number(double? error) => error is { } e && double.IsFinite(e) ? JsonValue.Create(e) : null;

    private static string Error(double? error) => error is { } e ? Format.Invariant($"{e:E1}") : "";
}
