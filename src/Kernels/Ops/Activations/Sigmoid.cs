using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>1 / (1 + e^-x). Its derivative y(1-y) is at most ¼, at x = 0.</summary>
public readonly struct Sigmoid : IActivation
{
    public static bool NeedsInput => false;

    public static int Flops => 13;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => Real.Sigmoid(x);

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> => dy * y * (R.Of(1) - y);
}
