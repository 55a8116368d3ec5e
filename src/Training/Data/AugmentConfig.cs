using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Data;

/// <summary>
/// A random change of the training samples, made anew each time a sample is used. In what order they stand in the list does
/// not matter: a picture is moved, turned, mirrored, erased in part, normalised and disturbed, in that order.
/// </summary>
public abstract record AugmentConfig : IChoice<AugmentConfig>, ILocated
{
    public static string What => "augmentation";

    public static IReadOnlyList<Choice> Choices { get; } =
    [
        new("flip", typeof(FlipConfig), "mirror one time in two: horizontal (left to right) or vertical"),
        new("shift", typeof(ShiftConfig), "move by up to so many pixels; what comes in from outside is black"),
        new("crop", typeof(CropConfig), "add a black border of so many pixels, then cut a picture of the old size out of it"),
        new("rotate", typeof(RotateConfig), "turn by up to so many degrees either way"),
        new("erase", typeof(EraseConfig), "black out a random rectangle"),
        new("noise", typeof(NoiseConfig), "add Gaussian noise to the normalised samples"),
    ];

    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Adds what this asks for; null when it is there already.</summary>
    internal abstract Augmentation? AddTo(Augmentation sum);

    /// <summary>All of a list as one; null for an empty list.</summary>
    internal static Augmentation? Join(IReadOnlyList<AugmentConfig> list)
    {
        var sum = new Augmentation();
        foreach (AugmentConfig item in list)
            sum = item.AddTo(sum) ?? throw new ConfigValueException($"a list with {item.Name} twice", "each once; 'crop' and 'shift' move a picture in the same way");
        return sum.IsNone ? null : sum;
    }

    /// <summary>Refuses what cannot be done to samples of a shape.</summary>
    internal static void Check(IReadOnlyList<AugmentConfig> list, Shape sample)
    {
        foreach (AugmentConfig item in list)
        {
            if (sample.Rank == 3 || item.AddTo(new Augmentation())!.IsSpatial == false)
                continue;
            throw ConfigException.At(item.Source, $"augment: {item.Name} for samples of shape {sample}; expected pictures [C, H, W], or noise alone");
        }
    }

    private string Name => Choices.First(c => c.Type == GetType()).Name;
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

    internal override Augmentation? AddTo(Augmentation sum) => Direction == FlipDirection.Horizontal
        ? sum.FlipHorizontal ? null : sum with { FlipHorizontal = true }
        : sum.FlipVertical ? null : sum with { FlipVertical = true };
}

public sealed record ShiftConfig : AugmentConfig
{
    /// <summary>Most pixels in each direction.</summary>
    [Shorthand]
    public int Pixels { get; init => field = Require.Between(value, 1, 4096); } = 2;

    internal override Augmentation? AddTo(Augmentation sum) => sum.Shift > 0 ? null : sum with { Shift = Pixels };
}

public sealed record CropConfig : AugmentConfig
{
    /// <summary>Width of the border.</summary>
    [Shorthand]
    public int Padding { get; init => field = Require.Between(value, 1, 4096); } = 4;

    internal override Augmentation? AddTo(Augmentation sum) => sum.Shift > 0 ? null : sum with { Shift = Padding };
}

public sealed record RotateConfig : AugmentConfig
{
    /// <summary>Largest angle either way.</summary>
    [Shorthand]
    public double Degrees { get; init => field = Require.Between(Require.Positive(value), 0, 180); } = 10;

    internal override Augmentation? AddTo(Augmentation sum) => sum.Rotate > 0 ? null : sum with { Rotate = Degrees };
}

public sealed record EraseConfig : AugmentConfig
{
    /// <summary>How often.</summary>
    [Shorthand]
    public double Probability { get; init => field = Require.Between(Require.Positive(value), 0, 1); } = 0.5;

    /// <summary>Largest part of the picture.</summary>
    public double Area { get; init => field = Require.Between(Require.Positive(value), 0, 1); } = 0.2;

    internal override Augmentation? AddTo(Augmentation sum) =>
        sum.EraseProbability > 0 ? null : sum with { EraseProbability = Probability, EraseArea = Area };
}

public sealed record NoiseConfig : AugmentConfig
{
    /// <summary>Standard deviation, where that of the normalised data is 1.</summary>
    [Shorthand]
    public double Std { get; init => field = Require.Positive(value); } = 0.1;

    internal override Augmentation? AddTo(Augmentation sum) => sum.Noise > 0 ? null : sum with { Noise = Std };
}
