using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>x/6 + ½, clipped to 0 and 1.</summary>
public readonly struct HardSigmoid : IActivation
{
    public static bool NeedsInput => false;

    public static int Flops => 4;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> =>
        Real.Clamp(x + R.Of(3), R.Of(0), R.Of(6)) / R.Of(6);

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> =>
        Real.WhereBetween(y, R.Of(0), R.Of(1), dy / R.Of(6));
}

/// <summary>x times the hard sigmoid of x (Howard et al., 2019).</summary>
public readonly struct HardSwish : IActivation
{
    public static bool NeedsInput => true;

    public static int Flops => 5;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> =>
        x * Real.Clamp(x + R.Of(3), R.Of(0), R.Of(6)) / R.Of(6);

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R>
    {
        R middle = dy * ((x / R.Of(3)) + R.Of(0.5));
        R upper = R.WhereGreater(R.Of(3), x, middle, dy);
        return R.WhereGreater(x, R.Of(-3), upper, R.Of(0));
    }
}

/// <summary>x, clipped to -1 and 1.</summary>
public readonly struct HardTanh : IActivation
{
    public static bool NeedsInput => false;

    public static int Flops => 2;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => Real.Clamp(x, R.Of(-1), R.Of(1));

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> =>
        Real.WhereBetween(y, R.Of(-1), R.Of(1), dy);
}
