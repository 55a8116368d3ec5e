using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Normalization;

internal static class NormalizationCases
{
    private static readonly Shape[] Batches =
    [
        new(2, 1), new(33, 5), new(257, 67), new(2, 3, 5, 7), new(1, 1, 3, 3), new(4, 6, 28, 28), new(3, 33, 1, 17), new(600, 130), new(2, 1, 70, 70),
    ];

    private static readonly Shape[] Rows = [new(1, 1), new(5, 2), new(33, 257), new(3, 7, 16), new(2, 3, 5, 7), new(1, 5000), new(200, 33)];

    private static readonly (Shape Shape, int Groups)[] Grouped =
    [
        (new(1, 1, 2), 1), (new(3, 6, 5, 7), 2), (new(2, 33, 17), 33), (new(70, 8, 3, 3), 4), (new(5, 12), 3), (new(1, 4, 65, 65), 1),
    ];

    public static OpFamily Family { get; } = new("normalization", (random, i) =>
    {
        bool affine = i / 8 % 3 != 2;
        int k = i / 8;
        (Shape grouped, int groups) = CaseSizes.At(Grouped, k, () => DrawGrouped(random));
        Shape batch = CaseSizes.At(Batches, k, () => DrawBatch(random)), rows = CaseSizes.At(Rows, k, () => CaseSizes.Draw(random, 3, 4));
        return (i % 8) switch
        {
            0 => BatchNorm(random, batch, affine),
            1 => BatchNormInference(random, batch, affine),
            2 => LayerNorm(random, rows, affine, 1 + (k % 2)),
            3 => RmsNorm(random, rows, affine),
            4 => new OpCase("batch moments", new BatchMoments(), [FarFromZero(random, batch)]) { Differentiable = false },
            5 => new OpCase("batch-norm sums", new BatchNormSums(1e-5), [CaseInput.Normal(random, batch), CaseInput.Normal(random, batch), .. Running(random, batch[1])]) { Differentiable = false },
            6 => BatchNormInput(random, batch, affine),
            _ => Case($"group-norm {groups}", new GroupNorm(groups, Epsilon(grouped.WithoutBatch().Count / groups), affine), random, grouped, new Shape(grouped[1]), []),
        };
    });

    // At least two samples: a single number has no variance.
    private static Shape DrawBatch(RandomStream random)
    {
        Shape drawn = CaseSizes.Draw(random, 2, 4);
        return drawn.With(0, drawn[0] + 1);
    }

    private static (Shape, int) DrawGrouped(RandomStream random)
    {
        int groups = CaseSizes.Draw(random, 4);
        Shape drawn = CaseSizes.Draw(random, 2, 4);
        return (drawn.With(1, groups * CaseSizes.Draw(random, 4)), groups);
    }

    private static OpCase BatchNorm(RandomStream random, Shape shape, bool affine) =>
        Case("batch-norm", new BatchNorm(Epsilon(shape.Count / shape[1]), 0.1, affine), random, shape, new Shape(shape[1]), Running(random, shape[1])) with { GradientOutputs = [0] };

    private static OpCase BatchNormInference(RandomStream random, Shape shape, bool affine) =>
        Case("batch-norm inference", new BatchNormInference(1e-5, affine), random, shape, new Shape(shape[1]), Running(random, shape[1]));

    private static OpCase BatchNormInput(RandomStream random, Shape shape, bool affine)
    {
        var channels = new Shape(shape[1]);
        CaseInput[] inputs = [CaseInput.Normal(random, shape), CaseInput.Normal(random, shape), .. Running(random, shape[1]), CaseInput.Normal(random, channels), CaseInput.Normal(random, channels)];
        return new OpCase($"batch-norm input{(affine ? "" : " plain")}", new BatchNormInput(1e-5, affine), affine ? [.. inputs, CaseInput.Uniform(random, channels, 0.5, 2)] : inputs) { Differentiable = false };
    }

    private static OpCase LayerNorm(RandomStream random, Shape shape, bool affine, int axes)
    {
        var trailing = new Shape(shape.Sizes[^axes..]);
        return Case($"layer-norm over {axes}", new LayerNorm(axes, Epsilon(trailing.Count), affine), random, shape, trailing, []);
    }

    private static OpCase RmsNorm(RandomStream random, Shape shape, bool affine)
    {
        CaseInput x = CaseInput.Normal(random, shape);
        return new OpCase($"rms-norm{(affine ? "" : " plain")}", new RmsNorm(Epsilon(shape[^1]), affine), affine ? [x, CaseInput.Uniform(random, new Shape(shape[^1]), 0.5, 2)] : [x]);
    }

    // Two values are normalised to -1 and 1 whatever they are: their gradient only comes from ε, and is pure rounding in float
    // if ε is small.
    private static double Epsilon(int values) => values < 8 ? 0.5 : 1e-5;

    private static CaseInput[] Running(RandomStream random, int channels) =>
    [
        CaseInput.Normal(random, new Shape(channels)) with { Differentiable = false },
        CaseInput.Uniform(random, new Shape(channels), 0.5, 2) with { Differentiable = false },
    ];

    // A mean far from 0 exposes a variance computed as E[x²] - E[x]².
    private static CaseInput FarFromZero(RandomStream random, Shape shape)
    {
        CaseInput x = CaseInput.Normal(random, shape);
        for (int i = 0; i < x.Values.Length; i++)
            x.Values[i] += 3;
        return x;
    }

    private static OpCase Case(string name, NormOp op, RandomStream random, Shape shape, Shape affine, CaseInput[] running)
    {
        CaseInput x = FarFromZero(random, shape);
        CaseInput[] scale = op.Affine ? [CaseInput.Uniform(random, affine, 0.5, 2), CaseInput.Normal(random, affine)] : [];
        return new OpCase($"{name}{(op.Affine ? "" : " plain")}", op, [x, .. running, .. scale]);
    }
}
