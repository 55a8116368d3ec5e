using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.LabelMaps;

internal static class LabelMapCases
{
    private static readonly Shape[] Shapes = [new(1, 1, 1), new(2, 2), new(1, 3, 33), new(2, 2, 5, 7), new(3, 17, 16), new(1, 2, 2049), new(2, 5, 257)];

    public static OpFamily Family { get; } = new("label maps", (random, i) =>
    {
        Shape shape = CaseSizes.At(Shapes, i / 8, () => CaseSizes.Draw(random, 2, 4));
        return (i % 8) switch
        {
            0 => new OpCase("class log-softmax", new ClassLogSoftmax(), [CaseInput.Normal(random, shape, 3)]),
            1 => Loss(random, shape, new LabelLoss()),
            2 => Loss(random, shape, new LabelLoss(Smoothing: 0.2, Weighted: true)),
            3 => Loss(random, shape, new LabelLoss(Gamma: 2)),
            4 => Loss(random, shape, new LabelLoss(Gamma: 0.5, Weighted: true, OverPlaces: true)),
            5 => Of("dice", new Dice(), random, shape, CaseInput.Constant(new Shape(shape[1]), [.. Enumerable.Repeat(1.0, shape[1])])),
            6 => Of("dice weighted", new Dice(0.1), random, shape, Weights(random, shape)),
            _ => new OpCase("pixel counts", new PixelCounts(), [CaseInput.Distinct(random, shape), Labels(random, shape)]) { Differentiable = false },
        };
    })
    {
        Special = 8 * Shapes.Length,
    };

    private static OpCase Loss(RandomStream random, Shape shape, LabelLoss op) =>
        Of($"label loss γ {op.Gamma} ε {op.Smoothing}", op, random, shape, op.Weighted ? [Weights(random, shape)] : []);

    // Log-probabilities well below 0, where the focal loss with γ < 1 has no derivative.
    private static OpCase Of(string name, Op op, RandomStream random, Shape shape, params ReadOnlySpan<CaseInput> weights)
    {
        CaseInput logp = CaseInput.Normal(random, shape);
        logp = logp with { Values = [.. logp.Values.Select(v => -0.05 - Math.Abs(v))] };
        return new OpCase(name, op, [logp, Labels(random, shape), .. weights]) { GradientOutputs = [0] };
    }

    private static CaseInput Weights(RandomStream random, Shape shape) => CaseInput.Uniform(random, new Shape(shape[1]), 0.5, 2) with { Differentiable = false };

    // Some positions have no label.
    private static CaseInput Labels(RandomStream random, Shape shape)
    {
        CaseInput labels = CaseInput.Integers(random, new Shape([shape[0], .. shape.Sizes[2..]]), shape[1] + 1);
        return labels with { Values = [.. labels.Values.Select(v => v - 1)] };
    }
}
