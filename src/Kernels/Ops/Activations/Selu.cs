using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>λx for x &gt; 0, else λα(e^x - 1), with the constants that keep mean 0 and variance 1 (Klambauer et al., 2017).</summary>
public readonly struct Selu : IActivation
{
    private const double Lambda = 1.0507009873554804934193349852946;
    private const double Alpha = 1.6732632423543772848170429916717;

    public static bool NeedsInput => false;

    public static int Flops => 13;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> =>
        R.WhereGreater(x, R.Of(0), R.Of(Lambda) * x, R.Of(Lambda * Alpha) * Real.ExpM1(x));

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> =>
        R.WhereGreater(y, R.Of(0), R.Of(Lambda) * dy, dy * (y + R.Of(Lambda * Alpha)));
}
