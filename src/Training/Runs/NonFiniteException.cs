using System.Globalization;

namespace GpuGrad.Training.Runs;

/// <summary>A loss or a gradient is no longer a finite number; the run stops with its last checkpoint untouched.</summary>
/// <param name="step">The step, from 1.</param>
/// <param name="epoch">Its epoch, from 1.</param>
/// <param name="loss">Its loss.</param>
/// <param name="gradientNorm">The norm of its gradients; NaN also where nothing computes it.</param>
/// <param name="detail">What a replay of the step has found, if there was one.</param>
public sealed class NonFiniteException(long step, int epoch, double loss, double gradientNorm = double.NaN, string? detail = null) : GpuGradException(
    Fault.NonFinite,
    string.Create(CultureInfo.InvariantCulture, $"{(double.IsFinite(loss) ? $"the norm of the gradients is {gradientNorm}" : $"the loss is {loss}")} at step {step} (epoch {epoch}); {detail ?? "try a lower learning rate, a warm-up or gradient clipping"}"))
{
    public long Step { get; } = step;

    public int Epoch { get; } = epoch;

    public double Loss { get; } = loss;

    public double GradientNorm { get; } = gradientNorm;
}
