using System.Text.Json;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>Options of ONNX export.</summary>
public sealed record OnnxOptions
{
    public const int LeastOpset = 13, MostOpset = 23;

    /// <summary>Version of ONNX's operator set: newer ones need newer readers.</summary>
    public int Opset
    {
        get;
        init => field = value is >= LeastOpset and <= MostOpset
            ? value
            : throw new GpuGradException(Fault.Config, FormattableString.Invariant($"--opset {value}; expected a whole number from {LeastOpset} to {MostOpset}"));
    } = 17;

    /// <summary>Whether the input is a raw sample, which the model itself scales; scaled targets are then output in their original unit.</summary>
    public bool Preprocessing { get; init; }

    /// <summary>Whether there is an additional output of probabilities.</summary>
    public bool Probabilities { get; init; }
}

/// <summary>
/// Exports a trained network as an ONNX model by translating the nodes of an evaluation. Input <c>x</c>, output <c>y</c> (the network's output;
/// scores, if its loss takes scores), both with a batch axis of any size; computed in float32.
/// </summary>
internal static class OnnxModel
{
    private const int SamplesOfWalk = 2;

    /// <param name="config">The experiment.</param>
    /// <param name="fitted">Fitted in training.</param>
    /// <param name="weights">Reads the parameters.</param>
    /// <param name="options">Export options.</param>
    /// <param name="metadata">Texts to add.</param>
    public static ModelProto Of(RunConfig config, FittedInput fitted, WeightReader weights, OnnxOptions options, IReadOnlyDictionary<string, string>? metadata = null)
    {
        Network network = Network.Build(config.Model, fitted.Shape);
        RequireRoom(network);
        var graph = new OnnxGraph(options.Opset, weights);
        string x = OnnxInput.Add(graph, fitted, options.Preprocessing);
        string y = Walk(config, fitted, network, graph, x);
        OnnxOutput.Add(graph, config.Loss, fitted, network.Output, y, options);
        var model = new ModelProto
        {
            // Nothing newer than IR 7 is used; readers check the pair.
            IrVersion = options.Opset < 15 ? 7 : 8,
            ProducerName = "GpuGrad",
            ProducerVersion = typeof(OnnxModel).Assembly.GetName().Version!.ToString(3),
            Graph = graph.Finish(),
            OpsetImport = { new OperatorSetIdProto { Version = options.Opset } },
        };
        // Readers show these, but not the descriptions of inputs and outputs.
        Dictionary<string, string> texts = new(metadata ?? new Dictionary<string, string>())
        {
            ["gpugrad.input"] = model.Graph.Input[0].DocString,
            ["gpugrad.output"] = model.Graph.Output[0].DocString,
        };
        if (fitted.Columns is { } columns)
            texts["gpugrad.input_names"] = JsonSerializer.Serialize(options.Preprocessing ? columns.Features : columns.NumberNames);
        foreach ((string key, string value) in texts.OrderBy(m => m.Key, StringComparer.Ordinal))
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return model;
    }

    /// <summary>Refuses a network whose weights don't fit in a file, before they are read.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>.</exception>
    public static void RequireRoom(Network network) => OnnxGraph.RequireRoom(network.Parameters.Sum(p => p.Shape.Length * sizeof(float)));

    private static string Walk(RunConfig config, FittedInput fitted, Network network, OnnxGraph graph, string x)
    {
        var memory = new ModelMemory(ParameterGroups.Layout(config, network), config.Train);
        // A model takes sequences that start with a state of 0, however it was trained.
        RunConfig alone = config with { Data = config.Data with { Dataset = null } };
        ModelGraph forward = new ModelGraphs(alone, network, memory).Inference(BatchSource.Imaginary(fitted.Shape, SamplesOfWalk), SamplesOfWalk);
        Dictionary<string, Parameter> named = network.Parameters.ToDictionary(p => p.Name);
        var values = new Dictionary<Tensor, string> { [forward.Batch.X] = x };
        string ValueOf(Tensor tensor, Shape shape) => values.TryGetValue(tensor, out string? value) ? value : graph.Weight(named[tensor.Base.Name], shape);
        foreach (Node node in forward.Graph.Nodes.Where(n => n.Phase == Phase.Forward))
        {
            // A parameter in another shape is read in that shape where it is used.
            if (node.Op is Reshape && !values.ContainsKey(node.Inputs[0]))
                continue;
            graph.Scope = node.Scope;
            values[node.Outputs[0]] = OnnxOps.Translate(new OnnxNode(graph, node, ValueOf));
        }
        graph.Scope = "";
        return values[forward.Output];
    }
}
