using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Steps;

/// <summary>A batch in a graph: the samples, and what should come out for them.</summary>
/// <param name="X">[N, …].</param>
/// <param name="Labels">int [N], of masks [N, H, W], of positions [N, T], or null.</param>
/// <param name="Targets">[N, D], where they are images [N, C, H, W], or null.</param>
/// <param name="Lengths">Real steps of each sequence, int [N], or null where all are.</param>
public sealed record Batch(Tensor X, Tensor? Labels, Tensor? Targets, Tensor? Lengths = null)
{
    /// <summary>The labels of the samples that these were mixed with; null where they were not.</summary>
    public MixedLabels? Mixed { get; init; }
}

/// <summary>Labels or targets of mixed samples.</summary>
/// <param name="Partners">int [N], the labels of the others.</param>
/// <param name="Larger">int [N], the label with the larger share.</param>
/// <param name="Own">The share of a sample itself, one number.</param>
/// <param name="Other">The rest of 1.</param>
public sealed record MixedLabels(Tensor Partners, Tensor Larger, Tensor Own, Tensor Other);
