using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Generators;

/// <summary>
/// Random samples of any shape: each class has its own pattern (for pictures a smooth one, shifted by a few pixels),
/// with noise added. For tests, for benchmarks, and wherever real data are not at hand.
/// </summary>
public sealed record RandomConfig() : GeneratedConfig(2000, 500)
{
    private const int Grid = 5;
    private const double Contrast = 40, Gray = 128, Strength = 0.6;

    /// <summary>Shape of a sample, [C, H, W] or [features].</summary>
    [Shorthand]
    public required IReadOnlyList<int> Shape { get; init => field = [.. Require.NotEmpty(value).Select(Require.Positive)]; }

    /// <summary>Number of classes; ignored with <see cref="Targets"/>.</summary>
    public int Classes { get; init => field = Require.Between(value, 2, 100_000); } = 10;

    /// <summary>Number of regression targets instead of a class: random weighted averages of the sample.</summary>
    public int? Targets { get; init => field = value is int v ? Require.Between(v, 1, 4096) : null; }

    /// <summary>Standard deviation of the noise; that of the patterns is about 1.</summary>
    public double Noise { get; init => field = Require.NonNegative(value); } = 1;

    /// <summary>Makes samples of integer ids from 0 to this number - 1, for an embedding.</summary>
    public int? Ids { get; init => field = value is int v ? Require.Between(v, 1, 1 << 24) : null; }

    public override DataShape? KnownShape => new(new Shape([.. Shape]), Targets is null ? Classes : 0, Targets ?? 0);

    protected override string Title => $"random samples of shape {KnownShape!.Shape}";

    protected override SampleSet Make(int count, ulong seed, uint part)
    {
        Shape shape = KnownShape!.Shape;
        bool picture = shape.Rank == 3;
        long length = checked(count * shape.Length);
        byte[]? bytes = picture ? new byte[length] : null;
        float[]? reals = picture ? null : new float[length];
        int[] labels = new int[count];
        float[]? targets = Targets is int t ? new float[checked(count * t)] : null;
        var patterns = new double[Targets is null ? Classes : 0][];
        Concurrently.For(patterns.Length, c => patterns[c] = Pattern(shape, Shared(seed, 1 + (uint)c)));
        Concurrently.For(count, i =>
        {
            RandomStream random = Sample(seed, part, i);
            labels[i] = i % Classes;
            Span<double> sample = new double[shape.Count];
            if (patterns.Length > 0)
                Move(patterns[labels[i]], shape, random, sample);
            for (int j = 0; j < sample.Length; j++)
                sample[j] = (Strength * sample[j]) + (Noise * Exact.QuickNormal(random));
            for (int j = 0; j < (Targets ?? 0); j++)
                targets![(i * Targets!.Value) + j] = (float)Mean(sample, Shared(seed, (uint)j));
            ToIds(sample);
            Write(sample, bytes is null ? default : bytes.AsSpan(i * shape.Count, shape.Count), reals is null ? default : reals.AsSpan(i * shape.Count, shape.Count));
        });
        return new SampleSet { Shape = shape, Count = count, Bytes = bytes, Reals = reals, Labels = targets is null ? labels : null, Targets = targets, TargetSize = Targets ?? 0 };
    }

    // A picture's pattern is drawn on a coarse grid and interpolated.
    private static double[] Pattern(Shape shape, RandomStream random)
    {
        var pattern = new double[shape.Count];
        if (shape.Rank != 3)
        {
            for (int i = 0; i < pattern.Length; i++)
                pattern[i] = Exact.Normal(random);
            return pattern;
        }
        int height = shape[1], width = shape[2];
        for (int c = 0; c < shape[0]; c++)
        {
            double[] grid = [.. Enumerable.Range(0, Grid * Grid).Select(_ => 1.5 * Exact.Normal(random))];
            for (int i = 0; i < height * width; i++)
            {
                double y = (double)(i / width) / height * (Grid - 1), x = (double)(i % width) / width * (Grid - 1);
                (int top, int left) = ((int)y, (int)x);
                (double q, double p) = (y - top, x - left);
                double above = ((1 - p) * grid[(top * Grid) + left]) + (p * grid[(top * Grid) + left + 1]);
                double below = ((1 - p) * grid[((top + 1) * Grid) + left]) + (p * grid[((top + 1) * Grid) + left + 1]);
                pattern[(c * height * width) + i] = ((1 - q) * above) + (q * below);
            }
        }
        return pattern;
    }

    private static void Move(double[] pattern, Shape shape, RandomStream random, Span<double> sample)
    {
        if (shape.Rank != 3)
        {
            pattern.CopyTo(sample);
            return;
        }
        int height = shape[1], width = shape[2], reachY = 1 + (height / 8), reachX = 1 + (width / 8);
        int dy = random.NextInt(reachY), dx = random.NextInt(reachX);
        for (int i = 0; i < sample.Length; i++)
        {
            int y = (i / width % height) + dy, x = (i % width) + dx;
            sample[i] = pattern[(i / (height * width) * height * width) + (y % height * width) + (x % width)];
        }
    }

    private static double Mean(ReadOnlySpan<double> sample, RandomStream weights)
    {
        double sum = 0;
        foreach (double v in sample)
            sum += v * weights.NextUniform(-1, 1);
        return sum / Math.Sqrt(sample.Length);
    }

    // The range covers two standard deviations on both sides.
    private void ToIds(Span<double> sample)
    {
        for (int j = 0; Ids is int ids && j < sample.Length; j++)
            sample[j] = Math.Clamp(Math.Floor(ids * (0.5 + (sample[j] / 4))), 0, ids - 1);
    }

    private static void Write(ReadOnlySpan<double> sample, Span<byte> bytes, Span<float> reals)
    {
        for (int j = 0; j < sample.Length; j++)
        {
            if (bytes.IsEmpty)
                reals[j] = (float)sample[j];
            else
                bytes[j] = (byte)Math.Clamp(Math.Floor(Gray + (Contrast * sample[j]) + 0.5), 0, 255);
        }
    }
}
