using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>½ Σ (x - t)² of a sample, mean over the batch: the loss whose gradient is x - t.</summary>
public sealed record HalfSquaredError() : SummedLoss<HalfSquaredError.Term>
{
    protected override double Factor(Shape x) => 1.0 / x[0];

    public readonly struct Term : ILossTerm
    {
        public static int Inputs => 2;

        public static int Flops => 3;

        public static R Value<R>(R x, R target, R constant) where R : struct, IReal<R> => R.Of(0.5) * (x - target) * (x - target);

        public static R Slope<R>(R x, R target, R constant) where R : struct, IReal<R> => x - target;
    }
}

/// <summary>(x - t)², mean over all elements, as <c>torch.nn.MSELoss</c>.</summary>
public sealed record MeanSquaredError() : SummedLoss<MeanSquaredError.Term>
{
    protected override double Factor(Shape x) => 1.0 / x.Length;

    public readonly struct Term : ILossTerm
    {
        public static int Inputs => 2;

        public static int Flops => 3;

        public static R Value<R>(R x, R target, R constant) where R : struct, IReal<R> => (x - target) * (x - target);

        public static R Slope<R>(R x, R target, R constant) where R : struct, IReal<R> => R.Of(2) * (x - target);
    }
}

/// <summary>|x - t|, mean over all elements, as <c>torch.nn.L1Loss</c>; the derivative at 0 is taken as 0.</summary>
public sealed record MeanAbsoluteError() : SummedLoss<MeanAbsoluteError.Term>
{
    protected override double Factor(Shape x) => 1.0 / x.Length;

    public readonly struct Term : ILossTerm
    {
        public static int Inputs => 2;

        public static int Flops => 3;

        public static R Value<R>(R x, R target, R constant) where R : struct, IReal<R> => R.Abs(x - target);

        public static R Slope<R>(R x, R target, R constant) where R : struct, IReal<R> => Real.Sign(x - target);
    }
}

/// <summary>
/// ½d² where |d| ≤ δ, else δ(|d| - ½δ), d = x - t; mean over all elements, as <c>torch.nn.HuberLoss</c> (Huber, 1964).
/// PyTorch's SmoothL1Loss with beta = δ is this divided by δ.
/// </summary>
/// <param name="Delta">δ, above 0.</param>
public sealed record Huber(double Delta = 1) : SummedLoss<Huber.Term>(Delta)
{
    protected override double Factor(Shape x) => 1.0 / x.Length;

    public readonly struct Term : ILossTerm
    {
        public static int Inputs => 2;

        public static int Flops => 5;

        public static R Value<R>(R x, R target, R constant) where R : struct, IReal<R>
        {
            R d = R.Abs(x - target), half = R.Of(0.5);
            return R.WhereGreater(d, constant, constant * (d - (half * constant)), half * d * d);
        }

        public static R Slope<R>(R x, R target, R constant) where R : struct, IReal<R> => Real.Clamp(x - target, -constant, constant);
    }
}
