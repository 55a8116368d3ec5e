using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>λ Σ |w| over all weights of a tensor, added to a loss: drives weights to exactly 0. The derivative at 0 is 0.</summary>
/// <remarks>Input: w. Output: [1].</remarks>
public sealed record L1Penalty(double Lambda) : SummedLoss<L1Penalty.Term>
{
    protected override double Factor(Shape x) => Lambda;

    public readonly struct Term : ILossTerm
    {
        public static int Inputs => 1;

        public static int Flops => 2;

        public static R Value<R>(R x, R target, R constant) where R : struct, IReal<R> => R.Abs(x);

        public static R Slope<R>(R x, R target, R constant) where R : struct, IReal<R> => Real.Sign(x);
    }
}

/// <summary>
/// λ Σ w² over all weights of a tensor, added to a loss. The gradient is 2λw, so with plain gradient descent it equals
/// an optimizer's weight decay of 2λ.
/// </summary>
/// <remarks>Input: w. Output: [1].</remarks>
public sealed record L2Penalty(double Lambda) : SummedLoss<L2Penalty.Term>
{
    protected override double Factor(Shape x) => Lambda;

    public readonly struct Term : ILossTerm
    {
        public static int Inputs => 1;

        public static int Flops => 2;

        public static R Value<R>(R x, R target, R constant) where R : struct, IReal<R> => x * x;

        public static R Slope<R>(R x, R target, R constant) where R : struct, IReal<R> => R.Of(2) * x;
    }
}
