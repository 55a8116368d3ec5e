using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Health;

internal static class HealthCases
{
    private static readonly (Shape Shape, int Axis)[] Sizes =
    [
        (new Shape(1, 1), 1), (new Shape(33, 10), 1), (new Shape(130, 257), 1), (new Shape(2, 3, 5, 7), 1), (new Shape(9, 6, 28, 28), 1),
        (new Shape(5000, 3), 1), (new Shape(4, 7, 12), 2), (new Shape(3, 1, 9000), 1),
    ];

    public static OpFamily Family { get; } = new("health", (random, i) => i % 4 == 3 ? Steps(random, i / 4) : ((i - (i / 4)) % 3) switch
    {
        0 => Units(random, Sizes[(i - (i / 4)) / 3 % Sizes.Length]),
        1 => Norms(random, i - (i / 4), difference: false),
        _ => Norms(random, i - (i / 4), difference: true),
    });

    private static OpCase Steps(RandomStream random, int i)
    {
        Shape[] shapes = [new(1, 1, 1), new(3, 5, 7), new(33, 2, 257), new(2, 130, 3)];
        return new OpCase("step-norms", new StepNorms(), [CaseInput.Normal(random, shapes[i % shapes.Length])]) { Differentiable = false };
    }

    // Thirds: exactly 0, exactly 1, others.
    private static OpCase Units(RandomStream random, (Shape Shape, int Axis) size)
    {
        CaseInput x = CaseInput.Uniform(random, size.Shape, -1, 2);
        CaseInput kinds = CaseInput.Integers(random, size.Shape, 3);
        double[] values = [.. x.Values.Zip(kinds.Values, (v, kind) => kind switch { 0 => 0, 1 => 1, _ => Math.Round(v, 2) })];
        return new OpCase("unit-statistics", new UnitStatistics(size.Axis, 0, 1), [new CaseInput(x.Type, values, false)]) { Differentiable = false };
    }

    private static OpCase Norms(RandomStream random, int i, bool difference)
    {
        BufferRanges ranges = (i / 3 % 3) switch
        {
            0 => new BufferRanges([(0, 1)]),
            1 => new BufferRanges([(0, 10), (16, 257), (288, 0), (288, 33)]),
            _ => new BufferRanges([(0, 40000), (40000, 16384), (56384, 7)]),
        };
        var shape = new Shape(ranges.All.Max(r => r.Begin + r.Length) + 3);
        CaseInput[] inputs = [.. Enumerable.Range(0, difference ? 2 : 1).Select(_ => CaseInput.Normal(random, shape))];
        return new OpCase(difference ? "range-norms-difference" : "range-norms", new RangeNorms(ranges, difference), inputs) { Differentiable = false };
    }
}
