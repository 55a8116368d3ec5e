using GpuGrad.Kernels.Ops.Batches;

namespace GpuGrad.Training.Data.Augmenting;

/// <summary>
/// All augmentations of a training in the order in which they are applied: to pictures as they are read, to samples on the device, to a batch's
/// samples with each other. What happens to a sample depends only on the seed, the number of the batch and the sample.
/// </summary>
public sealed record Augmentations
{
    /// <summary>Changes on the host, to colours and by resampling; null for none.</summary>
    public PictureChanges? Pictures { get; init; }

    /// <summary>Changes on the device as samples are fetched.</summary>
    public Augmentation Samples { get; init; } = new();

    /// <summary>How samples are mixed; null for no mixing.</summary>
    public BatchMixing? Mixing { get; init; }

    /// <summary>The part that runs within a step, on samples that are numbers already.</summary>
    public Augmentations InStep => this with { Pictures = null };

    public bool IsNone => Pictures is null && Samples.IsNone && Mixing is null;

    /// <summary>Whether pixels move, and masks and target images with them.</summary>
    public bool MovesPixels => Samples.OfPlaces() is not null || Pictures?.MovesPixels == true;
}
