using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Recurrence;

internal static class RecurrenceCases
{
    private static readonly (int Samples, int Steps, int Units)[] Sizes =
    [
        (1, 1, 1), (3, 5, 4), (7, 3, 33), (33, 2, 20), (2, 9, 65), (13, 4, 16), (1, 12, 7), (9, 3, 130),
    ];

    public static OpFamily Family { get; } = new("recurrence", (random, i) =>
    {
        (int samples, int steps, int units) = CaseSizes.At(Sizes, i / 4, () => (CaseSizes.Draw(random, 9), CaseSizes.Draw(random, 7), CaseSizes.Draw(random, 19)));
        RecurrentCell cell = RecurrentCell.All[i % 4];
        bool reverse = i / 4 % 2 == 1, bias = i / 2 % 3 != 0, lengths = (i / 4 + i) % 3 == 0, given = !reverse && i / 8 % 2 == 0;
        int rows = cell.Gates * units;
        var inputs = new List<CaseInput>
        {
            CaseInput.Normal(random, new Shape(samples, steps, rows)),
            CaseInput.Normal(random, new Shape(rows, units), 1 / Math.Sqrt(units)),
        };
        if (bias)
            inputs.Add(CaseInput.Normal(random, new Shape(rows)));
        for (int state = 0; state < (given ? cell.States : 0); state++)
            inputs.Add(CaseInput.Normal(random, new Shape(samples, units)) with { Differentiable = false });
        if (lengths) // also invalid lengths, which every device must clamp to the nearest valid one
            inputs.Add(CaseInput.Integers(random, new Shape(samples), steps + 3, ElementType.Int32));
        string name = $"{cell.Name}{(reverse ? " reverse" : "")}{(bias ? " + bias" : "")}{(given ? " from a state" : "")}{(lengths ? " with lengths" : "")}";
        return new OpCase(name, new Recurrence(cell, reverse, bias, lengths, given), inputs) { GradientOutputs = [0] };
    })
    {
        Special = 4 * Sizes.Length,
    };
}
