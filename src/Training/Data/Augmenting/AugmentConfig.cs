using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Data.Augmenting;

/// <summary>
/// Random augmentation of the training samples, drawn again each time a sample is used. The order of the list does not matter: a picture is cropped and resized,
/// its colours are changed, it is moved, rotated, flipped and partly erased, then scaled, given noise, and mixed with another sample, in that order.
/// </summary>
public abstract record AugmentConfig : IChoice<AugmentConfig>, ILocated
{
    public static string What => "augmentation";

    public static IReadOnlyList<Choice> Choices { get; } =
    [
        new("flip", typeof(FlipConfig), "mirror one time in two: horizontal (left to right) or vertical"),
        new("shift", typeof(ShiftConfig), "shift by up to this many pixels"),
        new("crop", typeof(CropConfig), "pad by this many pixels, then crop to the original size at a random position"),
        new("rotate", typeof(RotateConfig), "rotate by up to this many degrees either way"),
        new("random-resized-crop", typeof(ResizedCropConfig), "crop a rectangle of random area and aspect ratio, and resize it to the size of the picture"),
        new("erase", typeof(EraseConfig), "black out a random rectangle"),
        new("color-jitter", typeof(ColorJitterConfig), "change brightness, contrast, saturation and hue, in random order"),
        new("rand-augment", typeof(RandAugmentConfig), "num-ops random operations out of fourteen, all of one magnitude (Cubuk et al., 2020)"),
        new("noise", typeof(NoiseConfig), "add Gaussian noise to the normalised samples"),
        new("mixup", typeof(MixupConfig), "blend two samples and their losses (Zhang et al., 2018)"),
        new("cutmix", typeof(CutmixConfig), "paste a rectangle of one picture over another (Yun et al., 2019)"),
    ];

    [NotConfig]
    public Mark? Source { get; init; }

    internal string Name => Choices.First(c => c.Type == GetType()).Name;

    /// <summary>Adds this augmentation; null if there is one of its kind already.</summary>
    internal abstract Augmentations? AddTo(Augmentations sum);

    /// <summary>Why it cannot be applied to such samples, with the remedy; null if it can.</summary>
    internal virtual string? Problem(Shape sample, DataShape data) => sample.Rank == 3 ? null : NeedsPictures(sample);

    /// <summary>Merges a list; null for an empty list.</summary>
    internal static Augmentations? Join(IReadOnlyList<AugmentConfig> list)
    {
        var sum = new Augmentations();
        foreach (AugmentConfig item in list)
            sum = item.AddTo(sum) ?? throw new ConfigValueException($"a list with {item.Name} twice", "each once; 'crop' and 'shift' move a picture in the same way");
        Outside[] fills = [.. list.OfType<MovingConfig>().Select(m => m.Fill).OfType<Outside>().Distinct()];
        if (fills.Length > 1)
            throw new ConfigValueException("a list with different fills", "one 'fill' for all that moves and turns, which is one motion");
        if (list.Any(m => m is MovingConfig))
            sum = sum with { Samples = sum.Samples with { Fill = fills.Length > 0 ? fills[0] : MovingConfig.DefaultFill } };
        return sum.IsNone ? null : sum;
    }

    /// <summary>Refuses augmentations that cannot be applied to the samples, or make no sense for them.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: there is one; the message names the first.</exception>
    internal static void Check(DataConfig config, DataShape data, bool? bytes = null)
    {
        foreach (AugmentConfig item in config.Augment)
        {
            string? problem = item.Problem(data.Shape, data)
                ?? (item is MovingConfig { Fill: Outside.Mean } or RandAugmentConfig { Fill: Outside.Mean } && config.Normalize != Normalize.Standard
                    ? $"{item.Name} with 'fill: mean' takes the means that 'normalize: standard' measures; expected that, or 'fill: black' or 'reflect'" : null)
                ?? (item is MixConfig && config.Batch == 1 ? $"{item.Name} mixes the samples of a batch, and 'batch: 1' has one; expected more" : null)
                ?? (item is MixConfig && config.Target is not null ? $"{item.Name} mixes samples with their labels, which 'target: input' has not; leave it out" : null)
                ?? (item is ColorConfig && bytes == false ? $"{item.Name} changes colours from 0 to 255, the data has other numbers; expected pictures of 8 bits" : null);
            if (problem is not null)
                throw ConfigException.At(item.Source, "augment: " + problem);
        }
    }

    /// <summary>Refuses mixing for targets that are not probabilities.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>.</exception>
    internal static void CheckTargets(RunConfig config, DataShape data)
    {
        if (data is { Classes: 0, Answer: null } && !config.Loss.Output.AreProbabilities() && config.Data.Augment.FirstOrDefault(a => a is CutmixConfig) is { } cutmix)
            throw ConfigException.At(cutmix.Source, "augment: cutmix mixes classes or labels by their areas, the data has numbers to predict; use mixup");
    }

    protected string NeedsPictures(Shape sample) => $"{Name} for samples of shape {sample}; expected pictures [C, H, W], or noise or mixup alone";
}

public enum FlipDirection
{
    Horizontal,
    Vertical,
}

public sealed record FlipConfig : AugmentConfig
{
    [Shorthand]
    public FlipDirection Direction { get; init; }

    internal override Augmentations? AddTo(Augmentations sum) => Direction == FlipDirection.Horizontal
        ? sum.Samples.FlipHorizontal ? null : sum with { Samples = sum.Samples with { FlipHorizontal = true } }
        : sum.Samples.FlipVertical ? null : sum with { Samples = sum.Samples with { FlipVertical = true } };
}

/// <summary>Augmentations that move or rotate pictures, so that pixels from outside appear.</summary>
public abstract record MovingConfig : AugmentConfig
{
    // Chosen by measurement: bench/results/fill.md.
    internal const Outside DefaultFill = Outside.Reflect;

    /// <summary>What appears at the edges: black, the mean of each channel, or the mirrored picture (reflect). All geometric changes must share one.</summary>
    [DefaultText("reflect")]
    public Outside? Fill { get; init; }
}

public sealed record ShiftConfig : MovingConfig
{
    /// <summary>Largest shift in each direction, in pixels.</summary>
    [Shorthand]
    public int Pixels { get; init => field = Require.Between(value, 1, 4096); } = 2;

    internal override Augmentations? AddTo(Augmentations sum) => sum.Samples.Shift > 0 ? null : sum with { Samples = sum.Samples with { Shift = Pixels } };
}

public sealed record CropConfig : MovingConfig
{
    /// <summary>Width of the border.</summary>
    [Shorthand]
    public int Padding { get; init => field = Require.Between(value, 1, 4096); } = 4;

    internal override Augmentations? AddTo(Augmentations sum) => sum.Samples.Shift > 0 ? null : sum with { Samples = sum.Samples with { Shift = Padding } };
}

public sealed record RotateConfig : MovingConfig
{
    /// <summary>Largest angle either way.</summary>
    [Shorthand]
    public double Degrees { get; init => field = Require.Between(Require.Positive(value), 0, 180); } = 10;

    internal override Augmentations? AddTo(Augmentations sum) => sum.Samples.Rotate > 0 ? null : sum with { Samples = sum.Samples with { Rotate = Degrees } };
}

public sealed record EraseConfig : AugmentConfig
{
    /// <summary>How often.</summary>
    [Shorthand]
    public double Probability { get; init => field = Require.Between(Require.Positive(value), 0, 1); } = 0.5;

    /// <summary>Largest area, as a share of the picture.</summary>
    public double Area { get; init => field = Require.Between(Require.Positive(value), 0, 1); } = 0.2;

    internal override Augmentations? AddTo(Augmentations sum) =>
        sum.Samples.EraseProbability > 0 ? null : sum with { Samples = sum.Samples with { EraseProbability = Probability, EraseArea = Area } };
}

public sealed record NoiseConfig : AugmentConfig
{
    /// <summary>Standard deviation, relative to the scaled data.</summary>
    [Shorthand]
    public double Std { get; init => field = Require.Positive(value); } = 0.1;

    internal override Augmentations? AddTo(Augmentations sum) => sum.Samples.Noise > 0 ? null : sum with { Samples = sum.Samples with { Noise = Std } };

    internal override string? Problem(Shape sample, DataShape data) => null;
}
