using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Initializers;

/// <summary>The initial value of a parameter.</summary>
public abstract record InitConfig : IChoice<InitConfig>, ILocated
{
    public static string What => "initialiser";

    public static IReadOnlyList<Choice> Choices => All;

    public static IReadOnlyList<Choice> All { get; } =
    [
        new("zeros", typeof(ConstantInit), "All 0.") { KeyNames = new Dictionary<string, string>() },
        new("constant", typeof(ConstantInit), "All one value."),
        new("uniform", typeof(UniformInit), "Uniform between two numbers."),
        new("normal", typeof(NormalInit), "Normal with a mean and a standard deviation."),
        new("xavier", typeof(XavierInit), "Variance 2/(fan-in + fan-out) (Glorot and Bengio, 2010)."),
        new("he", typeof(HeInit), "Variance 2/fan-in (He et al., 2015)."),
        new("lecun", typeof(LecunInit), "Variance 1/fan-in (LeCun et al., 1998)."),
        new("orthogonal", typeof(OrthogonalInit), "Orthogonal rows or columns (Saxe et al., 2013)."),
        new("whiten", typeof(WhitenInit), "Of a first convolution: filters that make the numbers of the training samples' patches uncorrelated and of variance 1, each with both signs; usually with `freeze`."),
    ];

    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Whether the values are drawn at random; false for constants and for values computed from the samples.</summary>
    [NotConfig]
    internal virtual bool IsRandom => true;

    /// <summary>Fills a parameter.</summary>
    public abstract void Fill(Parameter parameter, RandomStream random, Span<double> values);
}

public enum Distribution
{
    Uniform,
    Normal,
}

public sealed record ConstantInit : InitConfig
{
    [Shorthand]
    public double Value { get; init => field = Require.Finite(value); }

    internal override bool IsRandom => false;

    public override void Fill(Parameter parameter, RandomStream random, Span<double> values) => values.Fill(Value);
}

public sealed record UniformInit : InitConfig
{
    public double Low { get; init => field = Require.Finite(value); } = -0.05;

    public double High { get; init => field = Require.Finite(value); } = 0.05;

    public override void Fill(Parameter parameter, RandomStream random, Span<double> values)
    {
        foreach (ref double value in values)
            value = random.NextUniform(Low, High);
    }
}

public sealed record NormalInit : InitConfig
{
    public double Mean { get; init => field = Require.Finite(value); }

    [Shorthand]
    public double Std { get; init => field = Require.NonNegative(value); } = 0.05;

    public override void Fill(Parameter parameter, RandomStream random, Span<double> values)
    {
        foreach (ref double value in values)
            value = Mean + (Std * random.NextNormal());
    }
}

/// <summary>A variance from the numbers of inputs and outputs of a unit.</summary>
public abstract record ScaledInit : InitConfig
{
    [Shorthand]
    public Distribution Distribution { get; init; }

    /// <summary>Factor on the standard deviation.</summary>
    public double Gain { get; init => field = Require.Positive(value); } = 1;

    protected abstract double Variance(Parameter parameter);

    public override void Fill(Parameter parameter, RandomStream random, Span<double> values)
    {
        double std = Gain * Math.Sqrt(Variance(parameter));
        double bound = std * Math.Sqrt(3); // a uniform number within ±√3σ has the standard deviation σ
        foreach (ref double value in values)
            value = Distribution == Distribution.Uniform ? random.NextUniform(-bound, bound) : std * random.NextNormal();
    }
}

public sealed record XavierInit : ScaledInit
{
    protected override double Variance(Parameter parameter) => 2.0 / (parameter.FanIn + parameter.FanOut);
}

public sealed record HeInit : ScaledInit
{
    /// <summary>Slope of the leaky relu that follows; 0 for relu.</summary>
    public double Slope { get; init => field = Require.NonNegative(value); }

    protected override double Variance(Parameter parameter) => 2.0 / ((1 + (Slope * Slope)) * parameter.FanIn);
}

public sealed record LecunInit : ScaledInit
{
    protected override double Variance(Parameter parameter) => 1.0 / parameter.FanIn;
}

public sealed record OrthogonalInit : InitConfig
{
    [Shorthand]
    public double Gain { get; init => field = Require.Positive(value); } = 1;

    // Gram and Schmidt on normal rows, each twice because once loses digits.
    public override void Fill(Parameter parameter, RandomStream random, Span<double> values)
    {
        int rows = parameter.Shape[0], columns = values.Length / rows;
        bool tall = rows > columns;
        (int count, int size) = tall ? (columns, rows) : (rows, columns);
        var vectors = new double[count][];
        for (int i = 0; i < count; i++)
        {
            double[] v = [.. Enumerable.Range(0, size).Select(_ => random.NextNormal())];
            for (int pass = 0; pass < 2; pass++)
            {
                for (int j = 0; j < i; j++)
                {
                    double dot = v.Zip(vectors[j], (a, b) => a * b).Sum();
                    for (int e = 0; e < size; e++)
                        v[e] -= dot * vectors[j][e];
                }
                double norm = Math.Sqrt(v.Sum(x => x * x));
                for (int e = 0; e < size; e++)
                    v[e] /= norm;
            }
            vectors[i] = v;
        }
        for (int i = 0; i < values.Length; i++)
            values[i] = Gain * (tall ? vectors[i % columns][i / columns] : vectors[i / columns][i % columns]);
    }
}
