using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>ln(1 + e^(βx)) / β: a smooth relu.</summary>
public readonly struct Softplus : IActivation
{
    public static bool NeedsInput => true;

    public static int Flops => 25;

    public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => Real.Softplus(parameter * x) / parameter;

    public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> => dy * Real.Sigmoid(parameter * x);
}
