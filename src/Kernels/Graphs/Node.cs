using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Graphs;

/// <summary>The part of a step that a node belongs to; a plan can run a range of them.</summary>
public enum Phase
{
    /// <summary>Fetching, normalising and augmenting the batch.</summary>
    Batch,

    /// <summary>The network and the loss.</summary>
    Forward,

    /// <summary>The gradients.</summary>
    Backward,

    /// <summary>Clipping, the optimizer, moving averages.</summary>
    Update,
}

/// <summary>One op in a graph with the tensors that it reads and writes.</summary>
public sealed class Node
{
    internal Node(int id, Op op, Tensor[] inputs, Tensor[] outputs, string scope, Phase phase)
    {
        Id = id;
        Op = op;
        Inputs = inputs;
        Outputs = outputs;
        Scope = scope;
        Phase = phase;
    }

    public int Id { get; }

    public Op Op { get; }

    public IReadOnlyList<Tensor> Inputs { get; }

    public IReadOnlyList<Tensor> Outputs { get; }

    /// <summary>The layer that this node belongs to, e.g. <c>3.conv</c>; empty outside the network.</summary>
    public string Scope { get; }

    public Phase Phase { get; }

    public Cost Cost => Op.Cost(this);

    /// <summary>Bytes of all inputs and outputs at 4 bytes per real: what has to move if nothing is cached.</summary>
    public double BytesTouched => Inputs.Concat(Outputs).Sum(t => (double)t.Shape.Length * (t.Type.Element == ElementType.Byte ? 1 : 4));

    public override string ToString() => $"{(Scope.Length > 0 ? Scope + ": " : "")}{Op.Name}({string.Join(", ", Inputs)}) -> {string.Join(", ", Outputs)}";
}
