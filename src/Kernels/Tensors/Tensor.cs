using GpuGrad.Kernels.Graphs;

namespace GpuGrad.Kernels.Tensors;

/// <summary>
/// An edge of a graph: a value with a static type, written by one node and read by any number. It holds no numbers;
/// a plan binds it to memory.
/// </summary>
public sealed class Tensor
{
    internal Tensor(int id, TensorType type, string name)
    {
        Id = id;
        Type = type;
        Name = name;
    }

    /// <summary>Position in <see cref="Graph.Tensors"/>.</summary>
    public int Id { get; }

    public TensorType Type { get; }

    public Shape Shape => Type.Shape;

    public string Name { get; set; }

    /// <summary>The node that writes this tensor; null for a tensor that comes from outside (parameters, batch, constants).</summary>
    public Node? Producer { get; internal set; }

    /// <summary>The persistent place of this tensor; null for a temporary, which the plan puts into its arena.</summary>
    public Placement? Placement { get; internal set; }

    /// <summary>The tensor whose memory this one shares under another shape; null if it has its own.</summary>
    public Tensor? ViewOf { get; internal set; }

    /// <summary>The tensor that owns the memory.</summary>
    public Tensor Base => ViewOf?.Base ?? this;

    public override string ToString() => $"{Name} {Type}";
}
