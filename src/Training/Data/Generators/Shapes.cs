using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Generators;

/// <summary>Target of pictures of shapes.</summary>
public enum ShapesTarget
{
    /// <summary>The class of each pixel.</summary>
    Mask,

    /// <summary>The kinds of shapes that are visible.</summary>
    Labels,
}

/// <summary>
/// Gray pictures of bright discs, squares and triangles on a darker, uneven and noisy background, with a mask of the class of each pixel,
/// or with the kinds of visible shapes. For segmentation and multi-label classification without real data.
/// </summary>
public sealed record ShapesConfig() : GeneratedConfig(400, 100)
{
    private const int Kinds = 3;
    private static readonly string[] Names = ["background", "disc", "square", "triangle"];

    /// <summary>Height and width of a picture in pixels.</summary>
    public int Size { get; init => field = Require.Between(value, 16, 1024); } = 32;

    /// <summary>Background and this many kinds of shapes: 1 disc, 2 square, 3 triangle.</summary>
    public int Classes { get; init => field = Require.Between(value, 2, Kinds + 1); } = Kinds + 1;

    /// <summary>Largest number of shapes in a picture; later ones cover earlier ones.</summary>
    public int Most { get; init => field = Require.Between(value, 1, 16); } = 3;

    /// <summary>Standard deviation of the noise; pixels range from 0 to 255.</summary>
    public double Noise { get; init => field = Require.NonNegative(value); } = 12;

    /// <summary>The target: the mask, or which kinds of shapes are visible (multi-label, for bce-with-logits).</summary>
    public ShapesTarget Target { get; init; }

    public override DataShape? KnownShape => Target == ShapesTarget.Labels
        ? new(new Shape(1, Size, Size), 0, Classes - 1)
        : new(new Shape(1, Size, Size), Classes) { Answer = new Shape(Size, Size) };

    protected override string Title => "shapes";

    protected override IReadOnlyList<string>? ClassNames => Target == ShapesTarget.Labels ? null : [.. Names.Take(Classes)];

    protected override IReadOnlyList<string>? TargetNames => Target == ShapesTarget.Labels ? [.. Names.Take(Classes).Skip(1)] : null;

    protected override SampleSet Make(int count, ulong seed, uint part)
    {
        int pixels = Size * Size;
        byte[] bytes = new byte[checked(count * pixels)], mask = new byte[bytes.Length];
        Concurrently.For(count, i => Draw(Sample(seed, part, i), bytes.AsSpan(i * pixels, pixels), mask.AsSpan(i * pixels, pixels)));
        var samples = new SampleSet { Shape = new Shape(1, Size, Size), Count = count, Bytes = bytes };
        return Target == ShapesTarget.Labels ? samples with { Targets = Labels(mask, pixels), TargetSize = Classes - 1 } : samples with { Mask = mask, AnswerShape = new Shape(Size, Size) };
    }

    // A kind is present if a pixel of it is visible.
    private float[] Labels(byte[] mask, int pixels)
    {
        var labels = new float[mask.Length / pixels * (Classes - 1)];
        for (int i = 0; i < mask.Length; i++)
        {
            if (mask[i] > 0)
                labels[(i / pixels * (Classes - 1)) + mask[i] - 1] = 1;
        }
        return labels;
    }

    private void Draw(RandomStream random, Span<byte> picture, Span<byte> mask)
    {
        var light = new double[picture.Length];
        (double level, double slopeX, double slopeY) = (random.NextUniform(30, 90), random.NextUniform(-30, 30), random.NextUniform(-30, 30));
        for (int i = 0; i < light.Length; i++)
            light[i] = level + (slopeX * (((double)(i % Size) / Size) - 0.5)) + (slopeY * (((double)(i / Size) / Size) - 0.5));
        int shapes = 1 + random.NextInt(Most);
        for (int s = 0; s < shapes; s++)
            Add(random, 1 + random.NextInt(Classes - 1), light, mask);
        for (int i = 0; i < light.Length; i++)
            picture[i] = (byte)Math.Clamp(Math.Floor(light[i] + (Noise * Exact.QuickNormal(random)) + 0.5), 0, 255);
    }

    private void Add(RandomStream random, int kind, double[] light, Span<byte> mask)
    {
        double radius = random.NextUniform(0.12, 0.25) * Size, x = random.NextUniform(radius, Size - radius), y = random.NextUniform(radius, Size - radius);
        double shade = random.NextUniform(140, 230);
        for (int i = 0; i < light.Length; i++)
        {
            double u = (i % Size) + 0.5 - x, v = (i / Size) + 0.5 - y;
            bool inside = kind switch
            {
                1 => (u * u) + (v * v) <= radius * radius,
                2 => Math.Max(Math.Abs(u), Math.Abs(v)) <= 0.85 * radius,
                _ => v <= 0.8 * radius && (2 * Math.Abs(u)) - v <= radius,
            };
            if (inside)
                (light[i], mask[i]) = (shade, (byte)kind);
        }
    }
}
