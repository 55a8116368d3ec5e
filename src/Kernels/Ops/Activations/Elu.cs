using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>x for x &gt; 0, else α(e^x - 1) (Clevert et al., 2015). α is positive.</summary>
public readonly struct Elu : IActivation
{
    public static bool NeedsInput => false;

    public static int Flops => 13;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => R.WhereGreater(x, R.Of(0), x, parameter * Real.ExpM1(x));

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> => R.WhereGreater(y, R.Of(0), dy, dy * (y + parameter));
}
