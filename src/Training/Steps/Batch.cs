using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Steps;

/// <summary>A batch in a graph: the samples and their expected outputs.</summary>
/// <param name="X">Samples [N, …].</param>
/// <param name="Labels">Labels int [N]; for masks [N, H, W], for positions [N, T]; or null.</param>
/// <param name="Targets">Targets [N, D]; for images [N, C, H, W]; or null.</param>
/// <param name="Lengths">Number of real steps of each sequence, int [N]; null if all are real.</param>
public sealed record Batch(Tensor X, Tensor? Labels, Tensor? Targets, Tensor? Lengths = null)
{
    /// <summary>The labels of the samples mixed into these (mixup, cutmix); null without mixing.</summary>
    public MixedLabels? Mixed { get; init; }
}

/// <summary>Labels or targets of mixed samples.</summary>
/// <param name="Partners">int [N], the labels of the samples that were mixed in.</param>
/// <param name="Larger">int [N], the label with the larger share.</param>
/// <param name="Own">The share of the original sample, a scalar.</param>
/// <param name="Other">1 minus that share.</param>
public sealed record MixedLabels(Tensor Partners, Tensor Larger, Tensor Own, Tensor Other);
