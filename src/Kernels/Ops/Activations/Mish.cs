using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>x·tanh(softplus(x)) (Misra, 2019).</summary>
public readonly struct Mish : IActivation
{
    public static bool NeedsInput => true;

    public static int Flops => 40;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => x * R.Tanh(Real.Softplus(x));

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R>
    {
        R t = R.Tanh(Real.Softplus(x));
        return dy * (t + (x * Real.Sigmoid(x) * (R.Of(1) - (t * t))));
    }
}
