using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>
/// Σ t·(ln t - x) of log-probabilities x [N, K, …] and probabilities t, over the classes; mean over samples and positions, as
/// <c>torch.nn.KLDivLoss</c> with <c>batchmean</c>; 0·ln 0 is 0.
/// </summary>
public sealed record KlDivergence() : SummedLoss<KlDivergence.Term>
{
    protected override double Factor(Shape x) => (double)x[1] / x.Length;

    public readonly struct Term : ILossTerm
    {
        public static int Inputs => 2;

        public static int Flops => 13;

        public static R Value<R>(R x, R target, R constant) where R : struct, IReal<R> =>
            R.WhereGreater(target, R.Of(0), target * (R.Log(target) - x), R.Of(0));

        public static R Slope<R>(R x, R target, R constant) where R : struct, IReal<R> => -target;
    }
}

/// <summary>
/// τ·(t - x) below the target, (1 - τ)·(x - t) above it, mean over all elements: minimal at the τ-quantile of the targets (Koenker and Bassett,
/// 1978); the derivative at 0 is taken as 0.
/// </summary>
/// <param name="Level">τ, between 0 and 1.</param>
public sealed record QuantileLoss(double Level = 0.5) : SummedLoss<QuantileLoss.Term>(Level)
{
    protected override double Factor(Shape x) => 1.0 / x.Length;

    public readonly struct Term : ILossTerm
    {
        public static int Inputs => 2;

        public static int Flops => 5;

        public static R Value<R>(R x, R target, R constant) where R : struct, IReal<R>
        {
            R below = target - x;
            return R.Max(constant * below, (constant - R.Of(1)) * below);
        }

        public static R Slope<R>(R x, R target, R constant) where R : struct, IReal<R> =>
            R.WhereGreater(x, target, R.Of(1) - constant, R.WhereGreater(target, x, -constant, R.Of(0)));
    }
}

/// <summary>
/// e^x - t·x of log expected counts x and counts t, mean over all elements, as <c>torch.nn.PoissonNLLLoss</c> with
/// <c>log_input</c>; terms that depend only on t are left out.
/// </summary>
public sealed record PoissonLoss() : SummedLoss<PoissonLoss.Term>
{
    protected override double Factor(Shape x) => 1.0 / x.Length;

    public readonly struct Term : ILossTerm
    {
        public static int Inputs => 2;

        public static int Flops => 12;

        public static R Value<R>(R x, R target, R constant) where R : struct, IReal<R> => R.Exp(x) - (target * x);

        public static R Slope<R>(R x, R target, R constant) where R : struct, IReal<R> => R.Exp(x) - target;
    }
}
