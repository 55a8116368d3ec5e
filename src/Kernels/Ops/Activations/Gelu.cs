using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>x·Φ(x), Φ the normal distribution function (Hendrycks and Gimpel, 2016).</summary>
public readonly struct Gelu : IActivation
{
    private const double OneOverSqrt2 = 0.70710678118654752440;
    private const double OneOverSqrt2Pi = 0.39894228040143267794;

    public static bool NeedsInput => true;

    public static int Flops => 25;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => x * Phi(x);

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R>
    {
        R density = R.Of(OneOverSqrt2Pi) * R.Exp(R.Of(-0.5) * x * x);
        return dy * (Phi(x) + (x * density));
    }

    private static R Phi<R>(R x) where R : struct, IReal<R> => R.Of(0.5) * (R.Of(1) + R.Erf(x * R.Of(OneOverSqrt2)));
}

/// <summary>Gelu with Φ(x) ≈ ½(1 + tanh(√(2/π)(x + 0.044715x³))).</summary>
public readonly struct GeluTanh : IActivation
{
    private const double SqrtTwoOverPi = 0.79788456080286535588;
    private const double Cubic = 0.044715;

    public static bool NeedsInput => true;

    public static int Flops => 20;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => R.Of(0.5) * x * (R.Of(1) + R.Tanh(Inner(x)));

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R>
    {
        R t = R.Tanh(Inner(x));
        R slope = R.Of(SqrtTwoOverPi) * (R.Of(1) + (R.Of(3 * Cubic) * x * x));
        return dy * R.Of(0.5) * (R.Of(1) + t + (x * (R.Of(1) - (t * t)) * slope));
    }

    private static R Inner<R>(R x) where R : struct, IReal<R> => R.Of(SqrtTwoOverPi) * (x + (R.Of(Cubic) * x * x * x));
}
