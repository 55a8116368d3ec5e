using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Exchange.Onnx.Import;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Cli.Verbs;

[Verb("import", HelpText = "Import an ONNX model: writes a config with its layers, and its weights beside it.")]
public sealed class ImportVerb : Verb
{
    [Value(0, MetaName = "FILE.onnx", Required = true, HelpText = "The model, written by PyTorch, TensorFlow or any other program that exports ONNX.")]
    public string Model { get; set; } = "";

    [Option("out", MetaValue = "CONFIG.yaml", HelpText = "The config to write; named after the model by default. The weights get the same name with the extension .safetensors.")]
    public string? Out { get; set; }

    [Option("force", HelpText = "Overwrite existing files.")]
    public bool Force { get; set; }

    public override int Run(Output output)
    {
        string config = Out ?? Path.ChangeExtension(Path.GetFileName(Model), ".yaml"), weights = Path.ChangeExtension(config, ".safetensors");
        if (Path.GetExtension(config).ToLowerInvariant() is not (".yaml" or ".yml"))
            throw new GpuGradException(Fault.Config, $"--out {config}; expected a name that ends in .yaml or .yml");
        foreach (string file in new[] { config, weights })
        {
            if (!Force && Path.Exists(file))
                throw new GpuGradException(Fault.Config, $"{file} exists; use --force to overwrite it, or --out CONFIG.yaml for other names");
        }
        ImportedNetwork read = OnnxImport.Read(Model, Path.GetFileNameWithoutExtension(config));
        read.SaveWeights(weights);
        DurableFile.WriteText(config, read.ToYaml(Path.GetFileName(weights), Path.GetFileName(Model)));
        foreach (string note in read.Notes)
            Output.Note(note);
        int layers = read.Network.AllLayers.Count(l => l.Inner.Count == 0);
        output.Line($"{config}: {layers} layers, input {read.Network.Input}, output {read.Network.Output}");
        output.Line($"{weights}: {read.Network.ParameterCount:N0} parameters");
        output.Line();
        output.Line($"gpugrad summary {config}");
        output.Line($"gpugrad predict {weights} SAMPLES.npz");
        output.Json(new JsonObject
        {
            ["config"] = config,
            ["weights"] = weights,
            ["layers"] = layers,
            ["parameters"] = read.Network.ParameterCount,
            ["input"] = new JsonArray([.. read.Network.Input.Sizes.ToArray().Select(s => (JsonNode)s)]),
            ["output"] = new JsonArray([.. read.Network.Output.Sizes.ToArray().Select(s => (JsonNode)s)]),
            ["notes"] = new JsonArray([.. read.Notes.Select(n => (JsonNode)n)]),
        });
        return ExitCode.Done;
    }
}
