using GpuGrad.Kernels.Ops.Activations;

namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>Kinks of piecewise smooth activation functions.</summary>
public static class Pieces
{
    private const double Near = 1e-7;

    /// <summary>Those of <see cref="Activation.Kinks"/> where the slope is discontinuous for this parameter (elu with alpha 1 has none).</summary>
    public static IEnumerable<double> JumpsOf(Activation function, double parameter) => function.Kinks.Where(k =>
        Math.Abs(function.Derivative(k + Near, parameter) - function.Derivative(k - Near, parameter)) > 100 * Near);
}
