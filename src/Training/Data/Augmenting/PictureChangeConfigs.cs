using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Data.Augmenting;

/// <summary>Crops a random part of a picture and resizes it to the picture's size, as <c>torchvision.transforms.RandomResizedCrop</c>.</summary>
public sealed record ResizedCropConfig : AugmentConfig, IPictureChange
{
    private const int Tries = 10;

    /// <summary>Smallest and largest area of the crop, as a share of the picture.</summary>
    [DefaultText("[0.08, 1]")]
    public IReadOnlyList<double> Scale { get; init => field = Range(value, 1); } = [0.08, 1];

    /// <summary>Smallest and largest aspect ratio (width / height).</summary>
    [DefaultText("[3/4, 4/3]")]
    public IReadOnlyList<double> Ratio { get; init => field = Range(value, 1000); } = [3.0 / 4, 4.0 / 3];

    bool IPictureChange.MovesPixels => true;

    internal override Augmentations? AddTo(Augmentations sum) =>
        sum.Pictures?.Crop is not null ? null : sum with { Pictures = (sum.Pictures ?? new()) with { Crop = this } };

    public void Apply(ChangingPicture picture, RandomStream random)
    {
        (int top, int left, int height, int width) = Draw(random, picture.Height, picture.Width);
        picture.Resample(
            PixelMap.OfRectangle(top, left, height, width, picture.Height, picture.Width), Outside.Black, (top, left, top + height - 1, left + width - 1));
    }

    /// <summary>A part inside the picture; after ten attempts outside, the centre of the picture with an allowed ratio.</summary>
    internal (int Top, int Left, int Height, int Width) Draw(RandomStream random, int pictureHeight, int pictureWidth)
    {
        for (int i = 0; i < Tries; i++)
        {
            double area = random.NextUniform(Scale[0], Scale[1]) * pictureHeight * pictureWidth, ratio = Math.Exp(random.NextUniform(Math.Log(Ratio[0]), Math.Log(Ratio[1])));
            int width = (int)Math.Round(Math.Sqrt(area * ratio)), height = (int)Math.Round(Math.Sqrt(area / ratio));
            if (width > 0 && width <= pictureWidth && height > 0 && height <= pictureHeight)
                return (random.NextInt(pictureHeight - height + 1), random.NextInt(pictureWidth - width + 1), height, width);
        }
        double own = (double)pictureWidth / pictureHeight, wanted = Math.Clamp(own, Ratio[0], Ratio[1]);
        int tall = Math.Max(1, wanted < own ? pictureHeight : (int)Math.Round(pictureWidth / wanted)), wide = Math.Max(1, wanted > own ? pictureWidth : (int)Math.Round(pictureHeight * wanted));
        (tall, wide) = (Math.Min(tall, pictureHeight), Math.Min(wide, pictureWidth));
        return ((pictureHeight - tall) / 2, (pictureWidth - wide) / 2, tall, wide);
    }

    private static IReadOnlyList<double> Range(IReadOnlyList<double> value, double most) =>
        value.Count == 2 && value[0] > 0 && value[0] <= value[1] && value[1] <= most
            ? value
            : throw new Config.Yaml.ConfigValueException(
                $"[{string.Join(", ", value.Select(v => v.ToString(System.Globalization.CultureInfo.InvariantCulture)))}]", $"[smallest, largest], above 0{(most == 1 ? " and at most 1" : "")}");
}

/// <summary>Changes colours.</summary>
public abstract record ColorConfig : AugmentConfig
{
    internal override string? Problem(Shape sample, DataShape data) => base.Problem(sample, data)
        ?? (sample[0] is 1 or 3 ? null : $"{Name} for pictures of {sample[0]} channels; expected one (gray) or three (red, green, blue)");
}

/// <summary>Changes brightness, contrast, saturation and hue in random order, as <c>torchvision.transforms.ColorJitter</c>.</summary>
public sealed record ColorJitterConfig : ColorConfig, IPictureChange
{
    /// <summary>The factor is drawn between 1 - brightness (at least 0) and 1 + brightness.</summary>
    public double Brightness { get; init => field = Require.NonNegative(value); } = 0.2;

    /// <summary>The factor is drawn between 1 - contrast (at least 0) and 1 + contrast.</summary>
    public double Contrast { get; init => field = Require.NonNegative(value); } = 0.2;

    /// <summary>The factor is drawn between 1 - saturation (at least 0) and 1 + saturation. No effect on gray pictures.</summary>
    [DefaultText("0.2, of gray pictures 0")]
    public double? Saturation { get; init => field = value is double v ? Require.NonNegative(v) : null; }

    /// <summary>Largest change of the hue either way, as a fraction of the colour circle. No effect on gray pictures.</summary>
    public double Hue { get; init => field = Require.Between(value, 0, 0.5); }

    bool IPictureChange.MovesPixels => false;

    internal override Augmentations? AddTo(Augmentations sum) =>
        sum.Pictures?.Colors is not null ? null : sum with { Pictures = (sum.Pictures ?? new()) with { Colors = this } };

    internal override string? Problem(Shape sample, DataShape data) => base.Problem(sample, data)
        ?? (sample[0] == 1 && (Saturation > 0 || Hue > 0) ? $"{Name} of {(Hue > 0 ? "hue" : "saturation")} for gray pictures, which have none; leave it out, or read them with 'channels: 3'" : null)
        ?? (Brightness == 0 && Contrast == 0 && Saturation == 0 && Hue == 0 ? $"{Name} changes nothing; expected a number above 0" : null);

    public void Apply(ChangingPicture picture, RandomStream random)
    {
        // Four numbers are always drawn, so that one setting does not change the random numbers of another.
        int[] order = random.Permutation(4);
        double[] factors =
        [
            random.NextUniform(Math.Max(0, 1 - Brightness), 1 + Brightness),
            random.NextUniform(Math.Max(0, 1 - Contrast), 1 + Contrast),
            random.NextUniform(Math.Max(0, 1 - (Saturation ?? 0.2)), 1 + (Saturation ?? 0.2)),
            random.NextUniform(-Hue, Hue),
        ];
        foreach (int kind in order)
        {
            if (kind == 0 && Brightness > 0)
                Colors.Brightness(picture, factors[0]);
            else if (kind == 1 && Contrast > 0)
                Colors.Contrast(picture, factors[1]);
            else if (kind == 2 && Saturation != 0 && picture.Channels == 3)
                Colors.Saturation(picture, factors[2]);
            else if (kind == 3 && Hue > 0)
                Colors.Hue(picture, factors[3]);
        }
    }
}

/// <summary>
/// Applies random changes from fourteen, as <c>torchvision.transforms.RandAugment</c>: identity, shear and translation along each axis, rotation, brightness, saturation,
/// contrast, sharpness, posterize, solarize, auto-contrast, equalize.
/// </summary>
public sealed record RandAugmentConfig : ColorConfig, IPictureChange
{
    private const int Kinds = 14;

    /// <summary>Operations per picture.</summary>
    public int NumOps { get; init => field = Require.Between(value, 1, 20); } = 2;

    /// <summary>Their strength, from 0 to 30.</summary>
    [Shorthand]
    public double Magnitude { get; init => field = Require.Between(value, 0, 30); } = 9;

    /// <summary>What appears at the edges: black, the mean of each channel, or the mirrored picture (reflect).</summary>
    public Outside Fill { get; init; }

    bool IPictureChange.MovesPixels => true;

    internal override Augmentations? AddTo(Augmentations sum) =>
        sum.Pictures?.RandAugment is not null ? null : sum with { Pictures = (sum.Pictures ?? new()) with { RandAugment = this } };

    public void Apply(ChangingPicture picture, RandomStream random)
    {
        for (int i = 0; i < NumOps; i++)
            Change(picture, random.NextInt(Kinds), (random.NextBits() & 1) == 0 ? 1 : -1);
    }

    /// <summary>Applies one change.</summary>
    /// <param name="picture">The picture to change.</param>
    /// <param name="kind">From 0 to 13, in the order of torchvision.</param>
    /// <param name="sign">1 or -1, for changes that have a direction.</param>
    internal void Change(ChangingPicture picture, int kind, int sign)
    {
        double level = Magnitude / 30, signed = sign * level;
        switch (kind)
        {
            case 0: break;
            case 1: Move(picture, 1, 0.3 * signed, 0, 1); break;
            case 2: Move(picture, 1, 0, 0.3 * signed, 1); break;
            case 3: Move(picture, 1, 0, 0, 1, moveX: 150.0 / 331 * picture.Width * signed); break;
            case 4: Move(picture, 1, 0, 0, 1, moveY: 150.0 / 331 * picture.Height * signed); break;
            case 5:
                (double sin, double cos) = Math.SinCos(30 * signed * Math.PI / 180);
                Move(picture, cos, sin, -sin, cos);
                break;
            case 6: Colors.Brightness(picture, 1 + (0.9 * signed)); break;
            case 7 when picture.Channels == 3: Colors.Saturation(picture, 1 + (0.9 * signed)); break;
            case 7: break;
            case 8: Colors.Contrast(picture, 1 + (0.9 * signed)); break;
            case 9: Colors.Sharpness(picture, 1 + (0.9 * signed)); break;
            case 10: Colors.Posterize(picture, 8 - (int)Math.Round(4 * level)); break;
            case 11: Colors.Solarize(picture, 255 * (1 - level)); break;
            case 12: Colors.AutoContrast(picture); break;
            default: Colors.Equalize(picture); break;
        }
    }

    private void Move(ChangingPicture picture, double xx, double xy, double yx, double yy, double moveX = 0, double moveY = 0) =>
        picture.Resample(PixelMap.Around(xx, xy, yx, yy, picture.Height, picture.Width, moveX, moveY), Fill);
}
