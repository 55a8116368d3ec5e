using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Losses;

internal static class LossCases
{
    private static readonly (int N, int K)[] Sizes = [(1, 1), (1, 10), (5, 2), (33, 10), (7, 100), (128, 17)];
    private static readonly Shape[] Shapes = [new(1, 1), new(33, 1), new(5, 257), new(64, 2), new(2, 3, 5, 7), new(2, 2049)];

    public static OpFamily Family { get; } = new("losses", (random, i) =>
    {
        (int n, int k) = CaseSizes.At(Sizes, i / 7, () => (CaseSizes.Draw(random, 20), CaseSizes.Draw(random, 15)));
        return (i % 7) switch
        {
            0 => CrossEntropy(random, n, k, 0, false),
            1 => CrossEntropy(random, n, k, 0.1, false),
            2 => CrossEntropy(random, n, k, 0.2, true),
            3 => Hinge(random, n, k, new Hinge(0.5)),
            4 => Hinge(random, n, k, new Hinge(1, Squared: true)),
            5 => i / 7 % 4 == 3 ? Counts(random, n) : Metric(random, n, k, weighted: i / 7 % 2 == 1),
            _ => CrossEntropy(random, n, k, i / 7 % 2 == 0 ? 0 : 0.1, i / 7 % 4 > 1, ignores: true),
        };
    });

    // Losses of the difference between output and target, with the kinks near which no central difference is taken.
    private static readonly (Op Op, double[] Kinks)[] OfDifferences =
    [
        (new HalfSquaredError(), []),
        (new MeanSquaredError(), []),
        (new MeanAbsoluteError(), [0]),
        (new Huber(0.7), [-0.7, 0.7]),
        (new Huber(), []),
        (new QuantileLoss(0.8), [0]),
    ];

    /// <summary>Losses that are sums over elements.</summary>
    public static OpFamily Summed { get; } = new("summed losses", (random, i) =>
    {
        int kinds = OfDifferences.Length + 8, kind = i % kinds;
        Shape shape = CaseSizes.At(Shapes, i / kinds, () => CaseSizes.Draw(random, 2, 4));
        if (kind < OfDifferences.Length)
            return Regression(random, shape, OfDifferences[kind].Op, OfDifferences[kind].Kinks);
        return (kind - OfDifferences.Length) switch
        {
            0 => Binary(random, shape, new BinaryCrossEntropy(), CaseInput.Uniform(random, shape, 0, 1)),
            1 => Binary(random, shape, new BinaryCrossEntropy(2.5), CaseInput.Uniform(random, shape, 0, 1)),
            2 => Binary(random, shape, new BinaryCrossEntropy(), CaseInput.Integers(random, new Shape(shape.Count), 2)),
            3 => Binary(random, shape, new BinaryCrossEntropy(Weighted: true), CaseInput.Uniform(random, shape, 0, 1), CaseInput.Uniform(random, new Shape(shape[^1]), 0.2, 5)),
            4 => new OpCase("l1", new L1Penalty(0.3), [CaseInput.AwayFrom(random, shape, [0])]),
            5 => new OpCase("l2", new L2Penalty(0.3), [CaseInput.Normal(random, shape)]),
            6 => Against(new KlDivergence(), CaseInput.Normal(random, shape), CaseInput.Uniform(random, shape, -0.3, 1)),
            _ => Against(new PoissonLoss(), CaseInput.Normal(random, shape), CaseInput.Integers(random, shape, 6, ElementType.Real)),
        };
    });

    private static OpCase Metric(RandomStream random, int n, int k, bool weighted)
    {
        CaseInput[] inputs =
        [
            CaseInput.Constant(new Shape(Metrics.Length), 3, 0, 5, 0, 2, 0, 5, 0, 5, 0), CaseInput.Normal(random, Shape.Scalar),
            CaseInput.Distinct(random, new Shape(n, k)), CaseInput.Integers(random, new Shape(n), k), CaseInput.Uniform(random, Shape.Scalar, 0, 9),
        ];
        return new OpCase(weighted ? "metrics weighted" : "metrics", new Metrics(n, true, weighted), weighted ? inputs : inputs[..^1]) { Differentiable = false };
    }

    private static OpCase Counts(RandomStream random, int n) => new("metrics counted", new Metrics(n, false, Weighted: true, Counted: true),
    [
        CaseInput.Constant(new Shape(Metrics.Length), 3, 0, 5, 0, 2, 0, 5, 0, 70, 0), CaseInput.Normal(random, Shape.Scalar), CaseInput.Constant(new Shape(2), 40, 55), CaseInput.Uniform(random, Shape.Scalar, 0, 9),
    ])
    { Differentiable = false };

    // Targets whose difference to x is away from the loss's kinks.
    private static OpCase Regression(RandomStream random, Shape shape, Op op, params double[] kinks)
    {
        CaseInput targets = CaseInput.Normal(random, shape), x = CaseInput.AwayFrom(random, shape, kinks, scale: 1);
        for (int i = 0; i < x.Values.Length; i++)
            x.Values[i] += targets.Values[i];
        return new OpCase(op.Name, op, [x, targets with { Differentiable = false }]);
    }

    // Some targets are 0, none is negative.
    private static OpCase Against(Op op, CaseInput x, CaseInput targets) =>
        new(op.Name, op, [x, targets with { Values = [.. targets.Values.Select(v => Math.Max(0, v))], Differentiable = false }]);

    private static OpCase Binary(RandomStream random, Shape shape, BinaryCrossEntropy op, params CaseInput[] others) =>
        new($"{op.Name} {(op.Weighted ? "weighted" : op.PositiveWeight)}", op, [CaseInput.Normal(random, shape, 3), .. others.Select(o => o with { Differentiable = false })]);

    // Scores whose margins s_j - s_y + Δ are multiples of 0.3 plus 0.1: none is near 0, where the gradient is discontinuous.
    private static OpCase Hinge(RandomStream random, int n, int k, Hinge op)
    {
        CaseInput labels = CaseInput.Integers(random, new Shape(n), k), scores = CaseInput.Integers(random, new Shape(n, k), 12, ElementType.Real);
        for (int i = 0; i < scores.Values.Length; i++)
            scores.Values[i] = (0.3 * scores.Values[i]) + (i % k == labels.Values[i / k] ? op.Margin - 0.1 : 0);
        return new OpCase($"hinge {op.Margin}{(op.Squared ? " squared" : "")}", op, [scores with { Differentiable = true }, labels]);
    }

    private static OpCase CrossEntropy(RandomStream random, int n, int k, double smoothing, bool weighted, bool ignores = false)
    {
        var inputs = new List<CaseInput> { CaseInput.Normal(random, new Shape(n, k), 3), CaseInput.Integers(random, new Shape(n), k) };
        for (int row = 0; ignores && row < n; row += 3)
            inputs[1].Values[row] = -1;
        if (weighted)
            inputs.Add(CaseInput.Uniform(random, new Shape(k), 0.5, 2) with { Differentiable = false });
        return new OpCase($"softmax-cross-entropy smoothing {smoothing}{(weighted ? " weighted" : "")}{(ignores ? ", rows without a label" : "")}", new SoftmaxCrossEntropy(smoothing, weighted, ignores), inputs) { GradientOutputs = [0] };
    }
}
