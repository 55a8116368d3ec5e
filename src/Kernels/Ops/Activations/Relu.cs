using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>max(0, x); the derivative at 0 is taken as 0.</summary>
public readonly struct Relu : IActivation
{
    public static bool NeedsInput => false;

    public static int Flops => 1;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => R.Max(x, R.Of(0));

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> => R.WhereGreater(y, R.Of(0), dy, R.Of(0));
}

/// <summary>max(0, x), clipped to 6 (Howard et al., 2017); the derivative at 0 and 6 is taken as 0.</summary>
public readonly struct Relu6 : IActivation
{
    public static bool NeedsInput => false;

    public static int Flops => 2;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => Real.Clamp(x, R.Of(0), R.Of(6));

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> => Real.WhereBetween(y, R.Of(0), R.Of(6), dy);
}
