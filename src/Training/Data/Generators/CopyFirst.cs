using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Generators;

/// <summary>
/// Sequences whose first step shows the class; the other steps are noise. Predicting it at the end requires remembering it for all steps
/// (after Hochreiter and Schmidhuber, 1997).
/// </summary>
public sealed record CopyFirstConfig() : GeneratedConfig(2000, 500)
{
    public int Steps { get; init => field = Require.Between(value, 1, 1 << 16); } = 60;

    /// <summary>Number of classes, and of features per step.</summary>
    public int Classes { get; init => field = Require.Between(value, 2, 1000); } = 4;

    /// <summary>Standard deviation of every number.</summary>
    public double Noise { get; init => field = Require.NonNegative(value); } = 0.1;

    public override DataShape? KnownShape => new(new Shape(Steps, Classes), Classes);

    protected override string Title => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"sequences of {Steps} steps that tell their class in the first");

    protected override SampleSet Make(int count, ulong seed, uint part)
    {
        var shape = new Shape(Steps, Classes);
        var reals = new float[checked(count * shape.Count)];
        var labels = new int[count];
        Concurrently.For(count, i =>
        {
            RandomStream random = Sample(seed, part, i);
            labels[i] = i % Classes;
            Span<float> sample = reals.AsSpan(i * shape.Count, shape.Count);
            foreach (ref float value in sample)
                value = (float)(Noise * Exact.Normal(random));
            sample[labels[i]] += 1;
        });
        return new SampleSet { Shape = shape, Count = count, Reals = reals, Labels = labels };
    }
}
