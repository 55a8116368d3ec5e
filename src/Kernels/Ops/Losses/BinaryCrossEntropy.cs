using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>
/// -(w·t·ln σ(x) + (1 - t)·ln(1 - σ(x))) of logits x and targets t in [0, 1], mean over all elements, as
/// <c>torch.nn.BCEWithLogitsLoss</c> with <c>pos_weight</c> w. No logit overflows or loses its digits.
/// </summary>
/// <param name="PositiveWeight">Weight of a positive target relative to a negative one.</param>
/// <param name="Weighted">Whether each element of a row has its own weight instead, in a third input [D].</param>
public sealed record BinaryCrossEntropy(double PositiveWeight = 1, bool Weighted = false) : SummedLoss<BinaryCrossEntropy.Term>(PositiveWeight, Weighted)
{
    protected override double Factor(Shape x) => 1.0 / x.Length;

    public readonly struct Term : ILossTerm
    {
        public static int Inputs => 2;

        public static int Flops => 30;

        // -ln σ(x) = max(-x, 0) + l and -ln(1 - σ(x)) = max(x, 0) + l with l = ln(1 + e^-|x|).
        public static R Value<R>(R x, R target, R constant) where R : struct, IReal<R>
        {
            R zero = R.Of(0), l = Real.Log1P(R.Exp(-R.Abs(x)));
            return (constant * target * (R.Max(-x, zero) + l)) + ((R.Of(1) - target) * (R.Max(x, zero) + l));
        }

        public static R Slope<R>(R x, R target, R constant) where R : struct, IReal<R> =>
            ((R.Of(1) - target) * Real.Sigmoid(x)) - (constant * target * Real.Sigmoid(-x));
    }
}
