using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Plans;

/// <summary>How a graph is compiled to a plan. The defaults are for speed; tools that inspect a step turn optimizations off.</summary>
public sealed record PlanOptions
{
    /// <summary>Tensors that are read after a run: they are computed even if nothing else needs them, and never overwritten.</summary>
    public IReadOnlyCollection<Tensor> Keep { get; init; } = [];

    /// <summary>Fuse neighbouring ops (bias and activation into a GEMM). If off, and on the reference device, each op of the graph runs by itself.</summary>
    public bool Fuse { get; init; } = true;

    /// <summary>Let tensors that are never alive together share memory. If off, every tensor can be read after a run.</summary>
    public bool Reuse { get; init; } = true;

    /// <summary>Bytes of guard pattern after every temporary; <see cref="Plan.BrokenGuards"/> lists those that were overwritten.</summary>
    public int GuardBytes { get; init; }
}
