using System.Globalization;

namespace GpuGrad.Training.Runs;

/// <summary>A loss or a gradient is no longer a finite number; the run stops with its last checkpoint untouched.</summary>
/// <param name="step">The step after which it was seen, from 1.</param>
/// <param name="epoch">Its epoch, from 1.</param>
/// <param name="loss">Its loss.</param>
/// <param name="gradientNorm">The norm of its gradients; NaN also where nothing computes it.</param>
/// <param name="detail">What a replay of the step has found, if there was one.</param>
/// <param name="first">The first step that it may have happened in, where a device is not asked at every step; 0 for the step itself.</param>
public sealed class NonFiniteException(long step, int epoch, double loss, double gradientNorm = double.NaN, string? detail = null, long first = 0) : GpuGradException(
    Fault.NonFinite,
    string.Create(CultureInfo.InvariantCulture, $"{(double.IsFinite(loss) ? $"the norm of the gradients is {gradientNorm}" : $"the loss is {loss}")} {(first > 0 && first < step ? $"in one of the steps {first} to {step}" : $"at step {step}")} (epoch {epoch}); {detail ?? "try a lower learning rate, a warm-up or gradient clipping"}"))
{
    public long Step { get; } = step;

    public int Epoch { get; } = epoch;

    public double Loss { get; } = loss;

    public double GradientNorm { get; } = gradientNorm;
}
