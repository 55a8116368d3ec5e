using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Generators;

/// <summary>Base of generated regression data.</summary>
public abstract record RegressionConfig : GeneratedConfig
{
    private readonly double noise;

    protected RegressionConfig(int train, int test, double noise) : base(train, test) => this.noise = noise;

    /// <summary>Standard deviation of the noise added to each target.</summary>
    public double Noise { get => noise; init => noise = Require.NonNegative(value); }

    protected abstract int FeatureCount { get; }

    protected abstract int TargetCount { get; }

    public override DataShape? KnownShape => new(new Shape(FeatureCount), 0, TargetCount);

    protected sealed override SampleSet Make(int count, ulong seed, uint part)
    {
        var reals = new float[checked(count * FeatureCount)];
        var targets = new float[checked(count * TargetCount)];
        Concurrently.For(count, i =>
        {
            RandomStream random = Sample(seed, part, i);
            Span<double> x = stackalloc double[FeatureCount], y = stackalloc double[TargetCount];
            Draw(random, seed, x, y);
            for (int f = 0; f < x.Length; f++)
                reals[(i * x.Length) + f] = (float)x[f];
            for (int t = 0; t < y.Length; t++)
                targets[(i * y.Length) + t] = (float)(y[t] + (Noise * Exact.Normal(random)));
        });
        return new SampleSet { Shape = new Shape(FeatureCount), Count = count, Reals = reals, Targets = targets, TargetSize = TargetCount };
    }

    /// <summary>Generates a sample and its targets, without noise.</summary>
    protected abstract void Draw(RandomStream random, ulong seed, Span<double> x, Span<double> y);
}

/// <summary>y = A·x + b with random A and b.</summary>
public sealed record LinearConfig() : RegressionConfig(1000, 200, 0.1)
{
    public int Features { get; init => field = Require.Between(value, 1, 4096); } = 8;

    public int Targets { get; init => field = Require.Between(value, 1, 4096); } = 1;

    protected override string Title => $"a linear function of {Features} numbers";

    protected override int FeatureCount => Features;

    protected override int TargetCount => Targets;

    protected override void Draw(RandomStream random, ulong seed, Span<double> x, Span<double> y)
    {
        for (int f = 0; f < x.Length; f++)
            x[f] = random.NextUniform(-1, 1);
        RandomStream function = Shared(seed);
        for (int t = 0; t < y.Length; t++)
        {
            y[t] = function.NextUniform(-1, 1);
            for (int f = 0; f < x.Length; f++)
                y[t] += function.NextUniform(-1, 1) * x[f];
        }
    }
}

/// <summary>y = sin 2πfx over [-1, 1].</summary>
public sealed record SineConfig() : RegressionConfig(1000, 200, 0.05)
{
    /// <summary>Periods in an interval of length 1.</summary>
    public double Frequency { get; init => field = Require.Positive(value); } = 1;

    protected override string Title => "a sine";

    protected override int FeatureCount => 1;

    protected override int TargetCount => 1;

    protected override void Draw(RandomStream random, ulong seed, Span<double> x, Span<double> y)
    {
        x[0] = random.NextUniform(-1, 1);
        y[0] = Exact.Turn(Frequency * x[0]).Sin;
    }
}
