using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Resampling;

internal static class UpsampleCases
{
    private static readonly (Shape X, int Height, int Width)[] Chosen =
    [
        (new Shape(1, 1, 1, 1), 1, 1),
        (new Shape(1, 2, 1, 1), 3, 2),
        (new Shape(2, 3, 4, 5), 8, 10),
        (new Shape(1, 1, 1, 33), 1, 66),
        (new Shape(1, 2, 7, 257), 21, 257),
        (new Shape(2, 1, 5, 7), 13, 9),
        (new Shape(1, 2, 9, 8), 4, 3),
        (new Shape(3, 1, 2, 3), 2, 3),
    ];

    public static OpFamily Family { get; } = new("resampling", (random, i) =>
    {
        (Shape x, int height, int width) = CaseSizes.At(Chosen, i / 3, () => (new Shape(CaseSizes.Draw(random, 2), CaseSizes.Draw(random, 3), CaseSizes.Draw(random, 9), CaseSizes.Draw(random, 20)), CaseSizes.Draw(random, 20), CaseSizes.Draw(random, 40)));
        return (i % 3) switch
        {
            0 => Case(random, x, new Upsample(height, width)),
            1 => Case(random, x, new Upsample(height, width, Interpolation.Bilinear)),
            _ => new OpCase("upsample gradient", new UpsampleGradient(x[2], x[3], Interpolation.Bilinear), [CaseInput.Normal(random, new Shape(x[0], x[1], height, width))]),
        };
    })
    {
        Special = 3 * Chosen.Length,
    };

    private static OpCase Case(RandomStream random, Shape x, Upsample op) => new($"upsample {op.Mode} to {op.Height}×{op.Width}", op, [CaseInput.Normal(random, x)]);
}
