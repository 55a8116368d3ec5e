using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>(e^x - e^-x) / (e^x + e^-x).</summary>
public readonly struct TanhActivation : IActivation
{
    public static bool NeedsInput => false;

    public static int Flops => 15;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => R.Tanh(x);

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> => dy * (R.Of(1) - (y * y));
}
