using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>A node with one computed input that is being read into layers.</summary>
/// <param name="Path">The reader.</param>
/// <param name="Node">The node.</param>
/// <param name="Input">Name of its computed input.</param>
/// <param name="Shape">Shape of a sample of that input.</param>
/// <param name="Before">The layers before it.</param>
internal sealed record NodeReading(PathReader Path, NodeProto Node, string Input, Shape Shape, List<ImportedLayer> Before)
{
    public OnnxSource Source => Path.Source;

    /// <summary>Rank of a batch of samples.</summary>
    public int Rank => Shape.Rank + 1;

    /// <summary>Index of the computed input among the node's inputs.</summary>
    public int Place => Node.Input.IndexOf(Input);

    /// <summary>A constant input as floats; throws if it does not have the given number of elements.</summary>
    public float[] Numbers(int input, string what, int count)
    {
        float[] numbers = Source.Needed(Node, input, what).Floats();
        return numbers.Length == count ? numbers : numbers.Length == 1 ? [.. Enumerable.Repeat(numbers[0], count)]
            : throw Fault(FormattableString.Invariant($"its {what} has {numbers.Length} numbers"), FormattableString.Invariant($"{count}"));
    }

    public GpuGradException Fault(string found, string expected) => OnnxFault.In(Node, found, expected);

    /// <summary>Throws if the condition does not hold.</summary>
    public void Require(bool condition, string found, string expected)
    {
        if (!condition)
            throw Fault(found, expected);
    }
}

/// <summary>Readers of ONNX nodes by operator. Activations are in <see cref="Elementwise"/>, nodes that join paths in <see cref="PathReader"/>.</summary>
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

    /// <summary>Names of the operators.</summary>
    public static IEnumerable<string> Known => All.Keys;

    public static Func<NodeReading, IReadOnlyList<ImportedLayer>>? Find(string op) => All.GetValueOrDefault(op);
}
