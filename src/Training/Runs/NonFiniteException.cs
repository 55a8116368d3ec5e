using System.Globalization;

namespace GpuGrad.Training.Runs;

/// <summary>A loss is no longer a finite number; the run stops with its last checkpoint untouched.</summary>
/// <param name="step">The step after which it was seen, from 1.</param>
/// <param name="epoch">Its epoch, from 1.</param>
/// <param name="loss">The loss.</param>
/// <param name="first">The first step that it may have happened in: before <paramref name="step"/> on a device that is not asked at every step.</param>
public sealed class NonFiniteException(long step, int epoch, double loss, long first) : GpuGradException(
    Fault.NonFinite,
    string.Create(CultureInfo.InvariantCulture, $"the loss is {loss} {(first < step ? $"in one of the steps {first} to {step}" : $"at step {step}")} (epoch {epoch}); try a lower learning rate, a warm-up or gradient clipping"))
{
    public long Step { get; } = step;

    public double Loss { get; } = loss;
}
