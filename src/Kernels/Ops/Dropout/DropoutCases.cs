using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Dropout;

internal static class DropoutCases
{
    private static readonly Shape[] Shapes = [new(1, 1), new(1, 3), new(33, 5), new(257, 4), new(3, 5, 2, 2), new(2, 33, 17), new(3, 4099), new(2, 65, 1)];

    private static readonly double[] Rates = [0, 0.1, 0.5, 0.9];

    public static OpFamily Family { get; } = new("dropout", (random, i) =>
    {
        bool channels = i % 2 == 1;
        var op = new Dropout(Rates[i % 3 == 0 ? i / 3 % 4 : 2], (uint)random.NextInt(1000), channels);
        CaseInput rng = Rng(random);
        Shape shape = CaseSizes.At(Shapes, i / 2, () => CaseSizes.Draw(random, 2, 4));
        return new OpCase($"dropout {op.Rate}{(channels ? " of channels" : "")}", op, [CaseInput.Normal(random, shape), rng]);
    });

    /// <summary>A seed and a batch number.</summary>
    public static CaseInput Rng(RandomStream random) => new(
        new TensorType(new Shape(DropoutMask.RngLength), ElementType.Int32),
        [.. Enumerable.Range(0, DropoutMask.RngLength).Select(_ => (double)(int)random.NextBits())],
        Differentiable: false);
}
