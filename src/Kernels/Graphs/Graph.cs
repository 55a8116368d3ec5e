using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Graphs;

/// <summary>
/// A computation as a list of nodes in an order in which they can run. Layers, reverse mode and the optimizer append to it;
/// a plan binds the whole to a device.
/// </summary>
public sealed class Graph
{
    private readonly List<Node> nodes = [];
    private readonly List<Tensor> tensors = [];

    public IReadOnlyList<Node> Nodes => nodes;

    public IReadOnlyList<Tensor> Tensors => tensors;

    /// <summary>The phase that nodes added from now on belong to.</summary>
    public Phase Phase { get; set; } = Phase.Forward;

    /// <summary>The layer that nodes added from now on belong to.</summary>
    public string Scope { get; set; } = "";

    /// <summary>Precision of the matmuls and convolutions that are added from now on.</summary>
    public Precision Precision { get; init; }

    /// <summary>A tensor that lives in a slot: parameters, state, the batch that the host uploads.</summary>
    public Tensor Persistent(string name, Shape shape, Slot slot, long offset = 0)
    {
        if (offset < 0 || offset + shape.Length > slot.Length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"'{name}' {shape} at {offset} leaves slot '{slot.Name}' of {slot.Length} elements.");
        Tensor tensor = New(new TensorType(shape, slot.Element), name);
        tensor.Placement = new Placement(slot, offset);
        return tensor;
    }

    /// <summary>A tensor in a slot of its own.</summary>
    public Tensor Persistent(string name, TensorType type) =>
        Persistent(name, type.Shape, new Slot(name, type.Element, type.Shape.Length));

    /// <summary>Appends an op with one output and returns it.</summary>
    public Tensor Add(Op op, params ReadOnlySpan<Tensor> inputs) => AddAll(op, inputs)[0];

    /// <summary>Appends an op that only changes its inputs.</summary>
    public void AddUpdate(Op op, params ReadOnlySpan<Tensor> inputs) => AddAll(op, inputs);

    /// <summary>Appends an op and returns all of its outputs.</summary>
    public IReadOnlyList<Tensor> AddAll(Op op, params ReadOnlySpan<Tensor> inputs)
    {
        if (op.HasPrecision && Precision != Precision.Float32)
            op = op with { Precision = Precision };
        Tensor[] reads = inputs.ToArray();
        TensorType[] types = op.Infer(Array.ConvertAll(reads, t => t.Type));
        var writes = new Tensor[types.Length];
        for (int i = 0; i < types.Length; i++)
            writes[i] = New(types[i], Scope.Length > 0 ? $"{Scope}/{op.Name}" : op.Name);
        var node = new Node(nodes.Count, op, reads, writes, Scope, Phase);
        foreach (Tensor output in writes)
        {
            output.Producer = node;
            if (op.IsView)
                output.ViewOf = reads[0];
        }
        nodes.Add(node);
        return writes;
    }

    /// <summary>Gives a computed tensor a persistent place, e.g. a gradient its range of the gradient buffer.</summary>
    public void Place(Tensor tensor, Placement placement)
    {
        if (tensor.ViewOf is not null)
            throw new InvalidOperationException($"'{tensor.Name}' shares the memory of '{tensor.Base.Name}' and cannot be placed.");
        tensor.Placement = placement;
    }

    private Tensor New(TensorType type, string name)
    {
        var tensor = new Tensor(tensors.Count, type, name);
        tensors.Add(tensor);
        return tensor;
    }
}
