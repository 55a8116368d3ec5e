using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Exchange.Onnx;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

[Verb("export", HelpText = "Export a trained network (.onnx), or its weights (.safetensors, .npz) named as in torch.nn.Sequential.")]
public sealed class ExportVerb : Verb
{
    [Value(0, MetaName = "RUN", Required = true, HelpText = "A run folder or a .safetensors file of GpuGrad.")]
    public string Path { get; set; } = "";

    [Option("out", Required = true, MetaValue = "FILE", HelpText = "The file to write; its extension decides the format.")]
    public string Out { get; set; } = "";

    [Option("opset", Default = 17, MetaValue = "N", HelpText = "For .onnx: the opset, 13 to 23; newer ones need newer readers.")]
    public int Opset { get; set; }

    [Option("with-preprocessing", HelpText = "For .onnx: the input is a raw sample, which the model preprocesses as training did.")]
    public bool WithPreprocessing { get; set; }

    [Option("with-probabilities", HelpText = "For .onnx: add a second output with the probabilities that predict gives.")]
    public bool WithProbabilities { get; set; }

    private const int MostNames = 8;

    public override int Run(Output output)
    {
        string format = System.IO.Path.GetExtension(Out).ToLowerInvariant();
        if (format is not (".safetensors" or ".npz" or ".onnx"))
            throw new GpuGradException(Fault.Config, $"--out {Out}; expected a file that ends in .onnx, .safetensors or .npz");
        OnlyWith(format == ".onnx", "an --out that ends in .onnx", "opset", "with-preprocessing", "with-probabilities");
        var options = new OnnxOptions { Opset = Opset, Preprocessing = WithPreprocessing, Probabilities = WithProbabilities };
        using TrainedModel trained = TrainedModel.Open(Path);
        var answer = new JsonObject { ["file"] = Out, ["tensors"] = trained.Network.Parameters.Count, ["parameters"] = trained.Network.ParameterCount };
        IReadOnlyList<string> details = format == ".onnx" ? Model(trained, options, answer) : Weights(trained, format);
        output.Line($"{Out}: {trained.Network.Parameters.Count} tensors, {trained.Network.ParameterCount:N0} parameters, from {trained.Source}");
        foreach (string detail in details)
            output.Line($"  {detail}");
        output.Json(answer);
        return ExitCode.Done;
    }

    private IReadOnlyList<string> Model(TrainedModel trained, OnnxOptions options, JsonObject answer)
    {
        OnnxSummary written = OnnxFile.Save(Out, trained, options);
        if (trained.Config.Precision != Kernels.Numerics.Precision.Float32)
            Output.Note($"an .onnx file computes in float32; 'precision: {trained.Config.Precision.ToString().ToLowerInvariant()}' of the run rounds more");
        answer["opset"] = options.Opset;
        answer["nodes"] = written.Nodes;
        answer["inputs"] = new JsonArray(Value(written.Input));
        answer["outputs"] = new JsonArray([.. written.Outputs.Select(Value)]);
        string[] names = [.. trained.Card.Input.Columns is { } columns ? options.Preprocessing ? columns.Features : columns.NumberNames : []];
        string order = names.Length == 0 ? "" : $": {string.Join(", ", names.Take(MostNames))}{(names.Length > MostNames ? $" and {names.Length - MostNames} more ('gpugrad.input_names' in the metadata)" : "")}";
        return [$"opset {options.Opset}, {written.Nodes} nodes", $"input {written.Input}{order}", .. written.Outputs.Select(o => $"output {o}")];
    }

    private static JsonNode Value(OnnxValue value) => new JsonObject
    {
        ["name"] = value.Name,
        ["type"] = value.Type,
        ["shape"] = new JsonArray(["N", .. value.Shape.Select(s => (JsonNode)s)]),
        ["meaning"] = value.Meaning,
    };

    private IReadOnlyList<string> Weights(TrainedModel trained, string format)
    {
        using var device = new CpuDevice(1);
        using var model = new Model(trained.Config, trained.Network, device);
        trained.Load(model);
        if (format == ".safetensors")
        {
            WeightFile.Save(Out, model, metadata: trained.Card.ToMetadata());
            return [];
        }
        NpzWriter.Save(Out, npz =>
        {
            foreach (Parameter parameter in trained.Network.Parameters)
                npz.Add(parameter.Name, parameter.Shape.Sizes, Array.ConvertAll(model.Read(parameter, average: true), v => (float)v));
        });
        return [];
    }
}
