using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>x·σ(x), also called swish (Ramachandran et al., 2017).</summary>
public readonly struct Silu : IActivation
{
    public static bool NeedsInput => true;

    public static int Flops => 15;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => x * Real.Sigmoid(x);

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R>
    {
        R s = Real.Sigmoid(x);
        return dy * s * (R.Of(1) + (x * (R.Of(1) - s)));
    }
}
