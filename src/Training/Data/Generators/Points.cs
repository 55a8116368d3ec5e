using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Data.Generators;

/// <summary>Interleaved spiral arms, one per class.</summary>
public sealed record SpiralsConfig() : PointsConfig(1000, 500, 0.02)
{
    public int Classes { get; init => field = Require.Between(value, 2, 100); } = 3;

    /// <summary>Turns of each arm.</summary>
    public double Turns { get; init => field = Require.Positive(value); } = 0.8;

    protected override string Title => $"spirals of {Classes} arms";

    protected override int ClassCount => Classes;

    protected override void Draw(int label, RandomStream random, ulong seed, Span<double> point)
    {
        double radius = random.NextUniform(0.05, 1);
        (double sin, double cos) = Exact.Turn(((double)label / Classes) + (radius * Turns));
        (point[0], point[1]) = (radius * cos, radius * sin);
    }
}

/// <summary>Two half circles, each with an end inside the other.</summary>
public sealed record MoonsConfig() : PointsConfig(1000, 500, 0.1)
{
    protected override string Title => "two moons";

    protected override void Draw(int label, RandomStream random, ulong seed, Span<double> point)
    {
        (double sin, double cos) = Exact.Turn(random.NextUniform(0, 0.5));
        (point[0], point[1]) = label == 0 ? (cos, sin) : (1 - cos, 0.5 - sin);
    }
}

/// <summary>A circle within a circle.</summary>
public sealed record CirclesConfig() : PointsConfig(1000, 500, 0.08)
{
    /// <summary>Radius of the inner circle; that of the outer one is 1.</summary>
    public double Factor { get; init => field = Require.Between(Require.Positive(value), 0, 1); } = 0.5;

    protected override string Title => "two circles";

    protected override void Draw(int label, RandomStream random, ulong seed, Span<double> point)
    {
        (double sin, double cos) = Exact.Turn(random.NextDouble());
        double radius = label == 0 ? 1 : Factor;
        (point[0], point[1]) = (radius * cos, radius * sin);
    }
}

/// <summary>Gaussian clusters around random centres.</summary>
public sealed record BlobsConfig() : PointsConfig(1000, 500, 0.5)
{
    private const double Reach = 4;

    public int Classes { get; init => field = Require.Between(value, 2, 1000); } = 3;

    /// <summary>Coordinates per point.</summary>
    public int Dimensions { get; init => field = Require.Between(value, 1, 4096); } = 2;

    protected override string Title => $"{Classes} blobs in {Dimensions} dimensions";

    protected override int Features => Dimensions;

    protected override int ClassCount => Classes;

    protected override void Draw(int label, RandomStream random, ulong seed, Span<double> point)
    {
        RandomStream centre = Shared(seed, 1 + (uint)label);
        for (int f = 0; f < point.Length; f++)
            point[f] = centre.NextUniform(-Reach, Reach);
    }
}

/// <summary>Exclusive or: points in four squares around the origin, opposite ones of the same class.</summary>
public sealed record XorConfig() : PointsConfig(1000, 500, 0.05)
{
    protected override string Title => "exclusive or";

    protected override void Draw(int label, RandomStream random, ulong seed, Span<double> point)
    {
        double sign = random.NextInt(2) == 0 ? 1 : -1;
        point[0] = sign * random.NextUniform(0.1, 1);
        point[1] = (label == 0 ? sign : -sign) * random.NextUniform(0.1, 1);
    }
}
