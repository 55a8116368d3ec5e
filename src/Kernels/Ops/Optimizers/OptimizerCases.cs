using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Optimizers;

internal static class OptimizerCases
{
    private static readonly int[] Lengths = [21, 256, 5003, 16, 20000];

    private static CaseInput Hyper => CaseInput.Constant(new Shape(HyperLayout.Length), 0.1, 0.3, 0.2, 0.25, 0, 0, 0, 0);

    public static OpFamily Family { get; } = new("optimizers", (random, i) =>
    {
        int round = i / 12;
        var shape = new Shape(Lengths[round % Lengths.Length]);
        bool scaled = round % 2 == 0;
        var constants = new OptimizerConstants { RateFactor = 0.5, Decay = 0.01, A = 0.9, B = 0.99, Epsilon = 1e-8, ClipValue = round % 3 == 0 ? 0.7 : 0 };
        return (i % 12) switch
        {
            0 => Case<SgdRule>(random, shape, constants, scaled),
            1 => Case<MomentumRule>(random, shape, constants, scaled),
            2 => Case<NesterovRule>(random, shape, constants, scaled),
            3 => Case<AdagradRule>(random, shape, constants, scaled),
            4 => Case<RmsPropRule>(random, shape, constants, scaled),
            5 => Case<CenteredRmsPropRule>(random, shape, constants, scaled),
            6 => Case<AdamRule>(random, shape, constants, scaled),
            7 => Case<AdamWRule>(random, shape, constants, scaled),
            8 => Case<LionRule>(random, shape, constants, scaled),
            9 => new OpCase("gradient-norm", new GradientNorm(scaled ? 1 : 0), [CaseInput.Normal(random, shape)]) { Differentiable = false },
            10 => new OpCase("average-weights", new AverageWeights(), [CaseInput.Normal(random, shape), CaseInput.Normal(random, shape), Hyper]) { Differentiable = false },
            _ => Mean(random, shape, weighted: scaled),
        };
    });

    private static OpCase Mean(RandomStream random, Shape shape, bool weighted)
    {
        CaseInput[] inputs = [CaseInput.Normal(random, shape), CaseInput.Uniform(random, Shape.Scalar, 0, 9), CaseInput.Normal(random, shape), CaseInput.Uniform(random, Shape.Scalar, 0, 9)];
        return new OpCase(weighted ? "accumulate-mean weighted" : "accumulate-mean", new AccumulateMean(3, weighted), weighted ? inputs : inputs[..^1]) { Differentiable = false };
    }

    private static OpCase Case<Rule>(RandomStream random, Shape shape, OptimizerConstants constants, bool scaled) where Rule : struct, IOptimizerRule
    {
        var op = new OptimizerUpdate<Rule>(constants, scaled);
        var inputs = new List<CaseInput>
        {
            CaseInput.Normal(random, shape),
            CaseInput.Normal(random, shape),
            Hyper,
        };
        if (scaled)
            inputs.Add(CaseInput.Constant(Shape.Scalar, 0.6));
        for (int i = 0; i < Rule.Slots; i++)
            inputs.Add(CaseInput.Uniform(random, shape, 0.1, 1));
        return new OpCase(op.Name, op, inputs) { Differentiable = false };
    }
}
