using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Reductions;

internal static class ReductionCases
{
    private static readonly (Shape Shape, int Axis)[] Sizes =
    [
        (new Shape(1, 1), 1), (new Shape(33, 10), 1), (new Shape(128, 257), 1), (new Shape(2, 3, 5, 7), 1), (new Shape(1, 6, 28, 28), 1), (new Shape(1, 100), 0),
        (new Shape(9, 65, 1), 1), (new Shape(3, 1, 300), 1),
    ];

    public static OpFamily Family { get; } = new("reductions", (random, i) =>
    {
        (Shape shape, int axis) = CaseSizes.At(Sizes, i / 2, () => Draw(random));
        return i % 2 == 0
            ? new OpCase("channel-sum", new ChannelSum(axis), [CaseInput.Normal(random, shape)])
            : new OpCase($"channel-broadcast to {shape}", new ChannelBroadcast(shape, axis), [CaseInput.Normal(random, new Shape(shape[axis]))]);
    });

    private static (Shape, int) Draw(RandomStream random)
    {
        Shape shape = CaseSizes.Draw(random, 2, 4);
        return (shape, random.NextInt(shape.Rank));
    }
}
