using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Steps;

internal static class StepCases
{
    private static readonly Shape[] Shapes = [new(1, 1, 1), new(3, 5, 4), new(33, 7, 3), new(2, 257, 2), new(5, 3, 33), new(1, 4, 1025)];

    public static OpFamily Family { get; } = new("steps", (random, i) =>
    {
        Shape x = CaseSizes.At(Shapes, i / 7, () => CaseSizes.Draw(random, 3, 3));
        bool lengths = i % 7 is not (0 or 2 or 4);
        Op op = (i % 7) switch
        {
            0 or 1 => new TimePool(TimePooling.Mean, lengths),
            2 or 3 => new TimePool(TimePooling.Max, lengths),
            4 or 5 => new TimePool(TimePooling.Last, lengths),
            _ => new StepMask(),
        };
        var inputs = new List<CaseInput> { CaseInput.Distinct(random, x) };
        if (lengths) // also lengths that are not allowed, which every device must take for the nearest that is
            inputs.Add(CaseInput.Integers(random, new Shape(x[0]), x[1] + 3));
        return new OpCase($"{op.Name}{(lengths ? " with lengths" : "")}", op, inputs);
    })
    {
        Special = 7 * Shapes.Length,
    };
}
