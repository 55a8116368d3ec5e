using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Losses;

internal static class LossCases
{
    private static readonly (int N, int K)[] Sizes = [(1, 1), (1, 10), (5, 2), (33, 10), (7, 100), (128, 17)];

    public static OpFamily Family { get; } = new("losses", (random, i) =>
    {
        (int n, int k) = Sizes[i / 4 % Sizes.Length];
        return (i % 4) switch
        {
            0 => CrossEntropy(random, n, k, 0, false),
            1 => CrossEntropy(random, n, k, 0.1, false),
            2 => CrossEntropy(random, n, k, 0.2, true),
            _ => new OpCase(
                "metrics", new Metrics(n, true),
                [CaseInput.Constant(new Shape(Metrics.Length), 3, 0, 2, 5), CaseInput.Normal(random, Shape.Scalar), CaseInput.Distinct(random, new Shape(n, k)), CaseInput.Integers(random, new Shape(n), k)])
            { Differentiable = false },
        };
    });

    private static OpCase CrossEntropy(RandomStream random, int n, int k, double smoothing, bool weighted)
    {
        var inputs = new List<CaseInput> { CaseInput.Normal(random, new Shape(n, k), 3), CaseInput.Integers(random, new Shape(n), k) };
        if (weighted)
            inputs.Add(CaseInput.Uniform(random, new Shape(k), 0.5, 2) with { Differentiable = false });
        return new OpCase($"softmax-cross-entropy smoothing {smoothing}{(weighted ? " weighted" : "")}", new SoftmaxCrossEntropy(smoothing, weighted), inputs) { GradientOutputs = [0] };
    }
}
