using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Devices;

/// <summary>The operands of a node at the addresses that a plan gave them: what an op sees on every device.</summary>
public abstract class Operands
{
    private readonly Location[] inputs;
    private readonly Location[] outputs;

    private protected Operands(Node node, PlanLayout layout)
    {
        Node = node;
        inputs = [.. node.Inputs.Select(layout.Locate)];
        outputs = [.. node.Outputs.Select(layout.Locate)];
    }

    public Node Node { get; }

    public int InCount => inputs.Length;

    public Shape InShape(int index) => Node.Inputs[index].Shape;

    public Shape OutShape(int index = 0) => Node.Outputs[index].Shape;

    /// <summary>Address of an input with elements of this type.</summary>
    private protected Location Input(int index, ElementType element) => Of(inputs[index], Node.Inputs[index], element);

    /// <summary>Address of an output with elements of this type.</summary>
    private protected Location Output(int index, ElementType element) => Of(outputs[index], Node.Outputs[index], element);

    /// <summary>Refuses an input that the op has not declared as changed.</summary>
    private protected void RequireUpdate(int index)
    {
        if (!Node.Op.Updates.Contains(index))
            throw new InvalidOperationException($"{Node.Op.Name} changes input {index} without listing it in Updates.");
    }

    private static Location Of(Location at, Tensor tensor, ElementType element) => tensor.Type.Element == element
        ? at
        : throw new InvalidOperationException($"'{tensor.Name}' holds {tensor.Type.Element}, bound as {element}.");
}
