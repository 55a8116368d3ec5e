using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Softmax;

internal static class SoftmaxCases
{
    private static readonly Shape[] Shapes = [new(1), new(1, 10), new(33, 16), new(257, 2), new(2, 3, 5, 7), new(5, 257), new(3, 1), new(2, 1025)];

    public static OpFamily Family { get; } = new("softmax", (random, i) =>
    {
        var op = new Softmax(i % 2 == 1);
        return new OpCase(op.Name, op, [CaseInput.Normal(random, CaseSizes.At(Shapes, i / 2, () => CaseSizes.Draw(random, 1, 4)), 3)]);
    });
}
