using GpuGrad.Kernels.Ops.Batches;

namespace GpuGrad.Training.Data.Augmenting;

/// <summary>
/// All random changes of a training in the order in which they are made: of pictures as they are read, of samples on the device, of a batch's
/// samples with each other. What happens to a sample depends on the seed, the number of the batch and the sample alone.
/// </summary>
public sealed record Augmentations
{
    /// <summary>Changes on the host, of colours and by resampling; null for none.</summary>
    public PictureChanges? Pictures { get; init; }

    /// <summary>Changes on the device as samples are fetched.</summary>
    public Augmentation Samples { get; init; } = new();

    /// <summary>How samples are mixed; null for not at all.</summary>
    public BatchMixing? Mixing { get; init; }

    /// <summary>What is done within a step, to samples that are there already as numbers.</summary>
    public Augmentations InStep => this with { Pictures = null };

    public bool IsNone => Pictures is null && Samples.IsNone && Mixing is null;

    /// <summary>Whether pixels change places, and with them what is said of them.</summary>
    public bool MovesPixels => Samples.OfPlaces() is not null || Pictures?.MovesPixels == true;
}
