using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Data.Augmenting;

/// <summary>Mixes the samples of a batch with each other.</summary>
public abstract record MixConfig : AugmentConfig
{
    /// <summary>Share of batches that are mixed.</summary>
    public double Probability { get; init => field = Require.Between(Require.Positive(value), 0, 1); } = 1;

    internal override string? Problem(Shape sample, DataShape data) => data.Answer is null
        ? null
        : $"{Name} mixes samples that have one class or a row of numbers each, these have {(data.Classes > 0 ? "a class for each pixel" : "an image to predict")}; leave it out";
}

/// <summary>
/// Adds two samples and, with the same weights, their losses (Zhang et al., 2018); regression targets are added themselves. Training accuracy
/// is that for the label with the larger share.
/// </summary>
public sealed record MixupConfig : MixConfig
{
    /// <summary>The weights are drawn from Beta(alpha, alpha): near 0 and 1 for a small alpha, uniform for 1.</summary>
    [Shorthand]
    public double Alpha { get; init => field = Require.Between(Require.Positive(value), 0.001, 1000); } = 0.2;

    internal override Augmentations? AddTo(Augmentations sum) =>
        sum.Mixing?.Mixup is not null ? null : sum with { Mixing = (sum.Mixing ?? new()) with { Mixup = this } };
}

/// <summary>Pastes a rectangle of one picture over another; their losses are weighted by area (Yun et al., 2019).</summary>
public sealed record CutmixConfig : MixConfig
{
    /// <summary>The areas are drawn from Beta(alpha, alpha): near 0 and 1 for a small alpha, uniform for 1.</summary>
    [Shorthand]
    public double Alpha { get; init => field = Require.Between(Require.Positive(value), 0.001, 1000); } = 1;

    internal override Augmentations? AddTo(Augmentations sum) =>
        sum.Mixing?.Cutmix is not null ? null : sum with { Mixing = (sum.Mixing ?? new()) with { Cutmix = this } };

    internal override string? Problem(Shape sample, DataShape data) => sample.Rank != 3 ? NeedsPictures(sample) : base.Problem(sample, data);
}
