using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>A node of our graph that is being translated to ONNX.</summary>
/// <param name="graph">The ONNX graph.</param>
/// <param name="node">Our node.</param>
/// <param name="value">Returns the name of a tensor in ONNX; for a parameter, in a given shape.</param>
internal sealed class OnnxNode(OnnxGraph graph, Node node, Func<Tensor, Shape, string> value)
{
    public Op Op => node.Op;

    public string Scope => node.Scope;

    public OnnxGraph Graph => graph;

    public int Inputs => node.Inputs.Count;

    public Shape InputShape(int input = 0) => node.Inputs[input].Shape;

    public Shape OutputShape => node.Outputs[0].Shape;

    public string Input(int input = 0) => Input(input, InputShape(input));

    /// <summary>A parameter in another shape.</summary>
    public string Input(int input, Shape shape) => value(node.Inputs[input], shape);

    public Tensor InputTensor(int input) => node.Inputs[input];

    /// <summary>The name of a tensor of the graph.</summary>
    public string Value(Tensor tensor) => value(tensor, tensor.Shape);

    public string Add(string op, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes) => graph.Add(op, inputs, attributes);
}
