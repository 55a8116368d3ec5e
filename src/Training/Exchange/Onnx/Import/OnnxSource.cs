using System.Globalization;
using Google.Protobuf;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>A model's graph, indexed by names: producers of values, constants, and values that depend on the input.</summary>
internal sealed class OnnxSource
{
    private const int MostNodes = 20_000;

    private readonly Dictionary<string, TensorProto> fixedNumbers = [];
    private readonly Dictionary<string, NodeProto> producers = [];
    private readonly Dictionary<NodeProto, int> order = [];
    private readonly HashSet<string> computed = [];
    private readonly HashSet<string> used = [];

    public OnnxSource(ModelProto model)
    {
        if (model.Graph is not { } graph || graph.Node.Count == 0)
            throw OnnxFault.Of("no graph with nodes in it", "an ONNX model");
        if (graph.Node.Count > MostNodes)
            throw OnnxFault.Of(string.Create(CultureInfo.InvariantCulture, $"{graph.Node.Count} nodes"), string.Create(CultureInfo.InvariantCulture, $"at most {MostNodes}"));
        Model = model;
        Opset = (int)(model.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx")?.Version ?? 1);
        foreach (TensorProto tensor in graph.Initializer)
            fixedNumbers[tensor.Name] = tensor;
        ValueInfoProto[] inputs = [.. graph.Input.Where(i => !fixedNumbers.ContainsKey(i.Name))];
        Input = inputs.Length == 1 ? inputs[0] : throw OnnxFault.Of($"{inputs.Length} inputs{(inputs.Length == 0 ? "" : $" ({string.Join(", ", inputs.Select(i => i.Name))})")}", "one, a batch of samples");
        computed.Add(Input.Name);
        foreach (NodeProto node in Sorted(graph.Node))
            Add(node);
        used.UnionWith(graph.Node.SelectMany(n => n.Input).Concat(graph.Output.Select(o => o.Name)));
    }

    public ModelProto Model { get; }

    /// <summary>Version of ONNX's operator set.</summary>
    public int Opset { get; }

    /// <summary>The input that is not a weight.</summary>
    public ValueInfoProto Input { get; }

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is missing, or not a model.</exception>
    public static OnnxSource Open(string path)
    {
        byte[] bytes = RegularFile.ReadAll(path, int.MaxValue - 1024);
        try
        {
            return new OnnxSource(ModelProto.Parser.ParseFrom(bytes));
        }
        catch (InvalidProtocolBufferException)
        {
            throw OnnxFault.Of("is not an ONNX model, or is damaged", "a file that 'torch.onnx.export', 'gpugrad export' or the like has written");
        }
    }

    /// <summary>The node that produces a value; null for the input and for constants.</summary>
    public NodeProto? ProducerOf(string value) => producers.GetValueOrDefault(value);

    /// <summary>A node's index in an order in which nodes can run.</summary>
    public int OrderOf(NodeProto node) => order[node];

    /// <summary>Whether a value depends on the numbers in the input: neither a constant nor a shape.</summary>
    public bool IsComputed(string value) => computed.Contains(value);

    /// <summary>Whether a value is used by a node or is an output of the model.</summary>
    public bool IsUsed(string value) => used.Contains(value);

    /// <summary>The inputs of a node that depend on the model's input, including repetitions.</summary>
    public IEnumerable<string> ComputedInputs(NodeProto node) => node.Input.Where(IsComputed);

    /// <summary>A constant by name; null if it is not one.</summary>
    public OnnxTensor? Fixed(string value) => fixedNumbers.TryGetValue(value, out TensorProto? tensor) ? new OnnxTensor(value, tensor) : Folded(value);

    /// <summary>A node's input that must be constant; null if the node omits it.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is computed.</exception>
    public OnnxTensor? Fixed(NodeProto node, int input, string what)
    {
        string name = node.Input.ElementAtOrDefault(input) ?? "";
        return name.Length == 0 ? null : Fixed(name) ?? throw OnnxFault.In(node, FormattableString.Invariant($"its input {input} ({what}) is computed"), "fixed numbers");
    }

    /// <summary>The same for a required input.</summary>
    public OnnxTensor Needed(NodeProto node, int input, string what) => Fixed(node, input, what) ?? throw OnnxFault.In(node, $"it has no {what}", $"fixed numbers as input {input}");

    private void Add(NodeProto node)
    {
        order[node] = order.Count;
        foreach (string output in node.Output.Where(o => o.Length > 0))
        {
            if (!producers.TryAdd(output, node))
                throw OnnxFault.In(node, $"its output '{output}' is another node's too", "a name for each value");
        }
        // A shape depends on the input, too, but not on its numbers.
        if (node.OpType != "Shape" && node.Input.Any(computed.Contains))
            computed.UnionWith(node.Output.Where(o => o.Length > 0));
        if (node.OpType == "Constant" && node.Attribute.FirstOrDefault() is { } value)
            fixedNumbers[node.Output[0]] = Constant(value);
    }

    private static TensorProto Constant(AttributeProto value) => value.Name switch
    {
        "value" when value.T is not null => value.T,
        "value_float" => new TensorProto { DataType = (int)TensorProto.Types.DataType.Float, FloatData = { value.F } },
        "value_floats" => new TensorProto { DataType = (int)TensorProto.Types.DataType.Float, Dims = { value.Floats.Count }, FloatData = { value.Floats } },
        "value_int" => new TensorProto { DataType = (int)TensorProto.Types.DataType.Int64, Int64Data = { value.I } },
        "value_ints" => new TensorProto { DataType = (int)TensorProto.Types.DataType.Int64, Dims = { value.Ints.Count }, Int64Data = { value.Ints } },
        _ => throw OnnxFault.Of($"a constant given as '{value.Name}'", "numbers"),
    };

    // Operators that exporters leave between weights and the nodes that use them.
    private OnnxTensor? Folded(string value)
    {
        if (ProducerOf(value) is not { Input.Count: > 0 } node || node.Input.Any(IsComputed) || Fixed(node.Input[0]) is not { } from)
            return null;
        switch (node.OpType)
        {
            case "Identity" or "Cast" or "Dropout":
                return from;
            case "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze":
                return from.With([.. ShapeMath.Reshaped(this, node, [.. from.Dims])]);
            case "Transpose" when from.Dims.Count == 2 && (node.Wholes("perm") ?? [1, 0]) is [1, 0]:
                return from.Transposed();
            default:
                return null;
        }
    }

    // Checks that the file's nodes are in an order in which they can run, as ONNX requires.
    private static IEnumerable<NodeProto> Sorted(IEnumerable<NodeProto> nodes)
    {
        var later = new HashSet<string>(nodes.SelectMany(n => n.Output).Where(o => o.Length > 0));
        foreach (NodeProto node in nodes)
        {
            if (node.Domain is not ("" or "ai.onnx"))
                throw OnnxFault.In(node, $"an operator of '{OneLine.Of(node.Domain, 40)}'", "operators of ONNX itself");
            if (node.Input.FirstOrDefault(later.Contains) is string input)
                throw OnnxFault.In(node, $"its input '{OneLine.Of(input, 80)}' comes from a later node", "nodes in an order in which they can run");
            later.ExceptWith(node.Output);
            yield return node;
        }
    }
}

/// <summary>A node's attributes, with ONNX's defaults.</summary>
internal static class NodeAttributes
{
    public static long Whole(this NodeProto node, string name, long otherwise) => Find(node, name)?.I ?? otherwise;

    public static double Real(this NodeProto node, string name, double otherwise) => Find(node, name)?.F ?? otherwise;

    public static string Text(this NodeProto node, string name, string otherwise) => Find(node, name)?.S?.ToStringUtf8() ?? otherwise;

    /// <summary>Null if the node lacks it.</summary>
    public static int[]? Wholes(this NodeProto node, string name)
    {
        if (Find(node, name) is not { } found)
            return null;
        return [.. found.Ints.Select(v => v is >= int.MinValue and <= int.MaxValue ? (int)v : throw OnnxFault.In(node, FormattableString.Invariant($"{name} holds {v}"), "sizes"))];
    }

    public static bool Has(this NodeProto node, string name) => Find(node, name) is not null;

    private static AttributeProto? Find(NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name);
}
