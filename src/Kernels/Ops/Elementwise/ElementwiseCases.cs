using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Elementwise;

internal static class ElementwiseCases
{
    private static readonly Shape[] Lines = [new(1), new(15), new(33), new(257), new(4097), new(8193)];

    private static readonly Shape[] Shapes = [new(1), new(3, 33), new(257, 2), new(2, 3, 5, 7), new(1, 4, 65), new(2, 1, 3, 1, 2), new(33, 40)];

    public static OpFamily Family { get; } = new("elementwise", (random, i) =>
    {
        Shape line = CaseSizes.At(Lines, i / 10, () => CaseSizes.Draw(random, 1, 4));
        Shape shape = CaseSizes.At(Shapes, i / 10, () => CaseSizes.Draw(random, 1, 5));
        int axis = random.NextInt(shape.Rank), start = random.NextInt(shape[axis]);
        return (i % 10) switch
        {
            0 => Case("add", new Add(), random, line, line),
            1 => Case("multiply", new Multiply(), random, line, line),
            2 => Case("scale", new Scale(-1.7), random, line),
            3 => Case("copy", new Copy(), random, line),
            4 => Case("accumulate", new Accumulate(0.3), random, line, line) with { Differentiable = false },
            5 => Case("moving average", new Ema(0.9), random, line, line) with { Differentiable = false },
            6 => Case($"concat along {axis}", new Concat(axis), random, shape, shape.With(axis, 1 + start), shape),
            7 => Case($"slice along {axis} from {start}", new Slice(axis, start, 1 + random.NextInt(shape[axis] - start)), random, shape),
            8 => Case($"pad along {axis}", new Pad(axis, start, random.NextInt(3)), random, shape),
            _ => Permutation(random, shape),
        };
    });

    private static OpCase Permutation(RandomStream random, Shape shape)
    {
        int[] order = random.Permutation(shape.Rank);
        return Case($"permute ({string.Join(", ", order)})", new Permute(order), random, shape);
    }

    private static OpCase Case(string name, Op op, RandomStream random, params Shape[] shapes) =>
        new(name, op, [.. shapes.Select(s => CaseInput.Normal(random, s))]);
}
