using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Steps;

internal static class StepCases
{
    private static readonly Shape[] Shapes = [new(1, 1, 1), new(3, 5, 4), new(33, 7, 3), new(2, 257, 2), new(5, 3, 33), new(1, 4, 1025)];

    public static OpFamily Family { get; } = new("steps", (random, i) =>
    {
        Shape x = CaseSizes.At(Shapes, i / 8, () => CaseSizes.Draw(random, 3, 3));
        if (i % 8 == 7)
            return Ties(random, x);
        bool lengths = i % 8 is not (0 or 2 or 4);
        Op op = (i % 8) switch
        {
            0 or 1 => new TimePool(TimePooling.Mean, lengths),
            2 or 3 => new TimePool(TimePooling.Max, lengths),
            4 or 5 => new TimePool(TimePooling.Last, lengths),
            _ => new StepMask(),
        };
        var inputs = new List<CaseInput> { CaseInput.Distinct(random, x) };
        if (lengths) // also invalid lengths, which every device must clamp to the nearest valid one
            inputs.Add(CaseInput.Integers(random, new Shape(x[0]), x[1] + 3));
        return new OpCase($"{op.Name}{(lengths ? " with lengths" : "")}", op, inputs);
    })
    {
        Special = 8 * Shapes.Length,
    };

    // Of tied maxima the first gets the gradient; central differences don't apply.
    private static OpCase Ties(RandomStream random, Shape x) => new(
        "TimePool gradient Max of ties",
        new TimePoolGradient(TimePooling.Max, Lengths: true),
        [CaseInput.Normal(random, new Shape(x[0], x[2])), CaseInput.Normal(random, x) with { Values = CaseInput.Integers(random, x, 3).Values }, CaseInput.Integers(random, new Shape(x[0]), x[1] + 3)])
    {
        Differentiable = false,
    };
}
