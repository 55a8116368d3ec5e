using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>x for x &gt; 0, else slope·x: a unit that never fires still has a gradient. The slope must not be negative.</summary>
public readonly struct LeakyRelu : IActivation
{
    public static bool NeedsInput => false;

    public static int Flops => 2;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => R.WhereGreater(x, R.Of(0), x, parameter * x);

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> => R.WhereGreater(y, R.Of(0), dy, parameter * dy);
}
