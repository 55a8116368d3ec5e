using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>A node that takes one computed value, while it becomes layers.</summary>
/// <param name="Path">Who reads.</param>
/// <param name="Node">The node.</param>
/// <param name="Input">The computed value that it takes.</param>
/// <param name="Shape">Shape of a sample of it.</param>
/// <param name="Before">The layers before it.</param>
internal sealed record NodeReading(PathReader Path, NodeProto Node, string Input, Shape Shape, List<ImportedLayer> Before)
{
    public OnnxSource Source => Path.Source;

    /// <summary>Rank of a batch of samples.</summary>
    public int Rank => Shape.Rank + 1;

    /// <summary>Its place among the node's inputs.</summary>
    public int Place => Node.Input.IndexOf(Input);

    /// <summary>Fixed numbers of an input as floats, of which there must be so many.</summary>
    public float[] Numbers(int input, string what, int count)
    {
        float[] numbers = Source.Needed(Node, input, what).Floats();
        return numbers.Length == count ? numbers : numbers.Length == 1 ? [.. Enumerable.Repeat(numbers[0], count)]
            : throw Fault(FormattableString.Invariant($"its {what} has {numbers.Length} numbers"), FormattableString.Invariant($"{count}"));
    }

    public GpuGradException Fault(string found, string expected) => OnnxFault.In(Node, found, expected);

    /// <summary>Refuses a node unless something holds.</summary>
    public void Require(bool condition, string found, string expected)
    {
        if (!condition)
            throw Fault(found, expected);
    }
}

/// <summary>Which layers a node of ONNX is, by its operator. Activations are in <see cref="Elementwise"/>, what joins paths in <see cref="PathReader"/>.</summary>
internal static class NodeReaders
{
    private static readonly Dictionary<string, Func<NodeReading, IReadOnlyList<ImportedLayer>>> All = new()
    {
        ["Gemm"] = LinearNodes.Gemm,
        ["MatMul"] = LinearNodes.MatMul,
        ["Add"] = LinearNodes.Affine,
        ["Sub"] = LinearNodes.Affine,
        ["Mul"] = LinearNodes.Affine,
        ["Div"] = LinearNodes.Affine,
        ["Gather"] = LinearNodes.Gather,
        ["Conv"] = WindowNodes.Conv,
        ["ConvTranspose"] = WindowNodes.ConvTranspose,
        ["MaxPool"] = WindowNodes.MaxPool,
        ["AveragePool"] = WindowNodes.AveragePool,
        ["GlobalAveragePool"] = n => WindowNodes.Global(n, "global-avgpool", keepsAxes: true),
        ["GlobalMaxPool"] = n => WindowNodes.Global(n, "global-maxpool", keepsAxes: true),
        ["ReduceMean"] = n => WindowNodes.Reduce(n, "global-avgpool"),
        ["ReduceMax"] = n => WindowNodes.Reduce(n, "global-maxpool"),
        ["Pad"] = WindowNodes.Pad,
        ["BatchNormalization"] = NormNodes.Batch,
        ["LayerNormalization"] = NormNodes.Layer,
        ["InstanceNormalization"] = NormNodes.Instance,
        ["GroupNormalization"] = NormNodes.Group,
        ["PRelu"] = SlopeNodes.PRelu,
        ["Softmax"] = n => ShapeNodes.Softmax(n, "softmax"),
        ["LogSoftmax"] = n => ShapeNodes.Softmax(n, "log-softmax"),
        ["Dropout"] = ShapeNodes.Dropout,
        ["Cast"] = ShapeNodes.Cast,
        ["Identity"] = _ => [],
        ["Flatten"] = ShapeNodes.Reshape,
        ["Reshape"] = ShapeNodes.Reshape,
        ["Squeeze"] = ShapeNodes.Reshape,
        ["Unsqueeze"] = ShapeNodes.Reshape,
        ["Transpose"] = ShapeNodes.Transpose,
        ["Resize"] = ResizeNodes.Resize,
        ["Upsample"] = ResizeNodes.Resize,
    };

    /// <summary>The operators.</summary>
    public static IEnumerable<string> Known => All.Keys;

    public static Func<NodeReading, IReadOnlyList<ImportedLayer>>? Find(string op) => All.GetValueOrDefault(op);
}
