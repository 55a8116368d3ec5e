using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Devices.Reference;

/// <summary>The operands of one node as spans of <c>double</c>, <c>int</c> and <c>byte</c>.</summary>
public sealed unsafe class ReferenceArguments
{
    private readonly Location[] inputs;
    private readonly Location[] outputs;

    internal ReferenceArguments(Node node, PlanLayout layout)
    {
        Node = node;
        inputs = [.. node.Inputs.Select(layout.Locate)];
        outputs = [.. node.Outputs.Select(layout.Locate)];
    }

    public Node Node { get; }

    public Shape InShape(int index) => Node.Inputs[index].Shape;

    public Shape OutShape(int index = 0) => Node.Outputs[index].Shape;

    public int InCount => inputs.Length;

    public ReadOnlySpan<double> In(int index) => Span<double>(inputs[index], Node.Inputs[index], ElementType.Real);

    public ReadOnlySpan<int> InInt(int index) => Span<int>(inputs[index], Node.Inputs[index], ElementType.Int32);

    public ReadOnlySpan<byte> InByte(int index) => Span<byte>(inputs[index], Node.Inputs[index], ElementType.Byte);

    public Span<double> Out(int index = 0) => Span<double>(outputs[index], Node.Outputs[index], ElementType.Real);

    public Span<int> OutInt(int index = 0) => Span<int>(outputs[index], Node.Outputs[index], ElementType.Int32);

    public Span<byte> OutByte(int index = 0) => Span<byte>(outputs[index], Node.Outputs[index], ElementType.Byte);

    /// <summary>An input that the op changes in place; it must be listed in <see cref="Op.Updates"/>.</summary>
    public Span<double> Updated(int index)
    {
        if (!Node.Op.Updates.Contains(index))
            throw new InvalidOperationException($"{Node.Op.Name} changes input {index} without listing it in Updates.");
        return Span<double>(inputs[index], Node.Inputs[index], ElementType.Real);
    }

    private static Span<T> Span<T>(Location at, Tensor tensor, ElementType element)
    {
        if (tensor.Type.Element != element)
            throw new InvalidOperationException($"'{tensor.Name}' holds {tensor.Type.Element}, read as {element}.");
        return new Span<T>(((HostBuffer)at.Buffer).At(at.Offset), tensor.Shape.Count);
    }
}
