using System.Globalization;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Generators;

/// <summary>Synthetic handwritten digits 0 to 9, 28 × 28 in gray.</summary>
public sealed record DigitsConfig() : GeneratedConfig(10000, 2000)
{
    private const int Classes = 10;

    /// <summary>Strength of the distortion: 0 none, 1 usual, 2 hard to read.</summary>
    public double Distortion { get; init => field = Require.Between(value, 0, 3); } = 1;

    public override DataShape? KnownShape => new(new Shape(1, DigitPen.Side, DigitPen.Side), Classes);

    protected override string Title => "digits";

    protected override IReadOnlyList<string> ClassNames { get; } = [.. Enumerable.Range(0, Classes).Select(i => i.ToString(CultureInfo.InvariantCulture))];

    protected override SampleSet Make(int count, ulong seed, uint part)
    {
        Shape shape = KnownShape!.Shape;
        var bytes = new byte[checked(count * shape.Count)];
        var labels = new int[count];
        Concurrently.For(count, i =>
        {
            RandomStream random = Sample(seed, part, i);
            labels[i] = random.NextInt(Classes);
            new DigitPen(random, Distortion).Draw(labels[i], bytes.AsSpan(i * shape.Count, shape.Count));
        });
        return new SampleSet { Shape = shape, Count = count, Bytes = bytes, Labels = labels };
    }
}
