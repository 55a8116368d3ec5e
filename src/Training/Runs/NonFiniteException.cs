using System.Globalization;

namespace GpuGrad.Training.Runs;

/// <summary>A loss is no longer a finite number; the run stops with its last checkpoint untouched.</summary>
public sealed class NonFiniteException(long step, int epoch, double loss) : GpuGradException(
    Fault.NonFinite,
    string.Create(CultureInfo.InvariantCulture, $"the loss is {loss} at step {step} (epoch {epoch}); try a lower learning rate, a warm-up or gradient clipping"))
{
    public long Step { get; } = step;

    public double Loss { get; } = loss;
}
