using System.Globalization;

namespace GpuGrad.Training.Runs;

/// <summary>A loss or a gradient is no longer a finite number; the run stops with its last checkpoint untouched.</summary>
public sealed class NonFiniteException : GpuGradException
{
    private const string Advice = "try a lower learning rate, a warm-up or gradient clipping";

    /// <param name="step">The step, from 1.</param>
    /// <param name="epoch">Its epoch, from 1.</param>
    /// <param name="loss">Its loss.</param>
    /// <param name="gradientNorm">The norm of its gradients.</param>
    public NonFiniteException(long step, int epoch, double loss, double gradientNorm)
        : this(step, epoch, double.IsFinite(loss) ? $"the norm of the gradients is {Text(gradientNorm)}" : $"the loss is {Text(loss)}", Advice)
    {
    }

    /// <param name="step">The step, from 1.</param>
    /// <param name="epoch">Its epoch, from 1.</param>
    /// <param name="parameter">The parameter that is not finite.</param>
    public NonFiniteException(long step, int epoch, string parameter) : this(step, epoch, $"{parameter} holds a number that is not finite", Advice)
    {
    }

    private NonFiniteException(long step, int epoch, string what, string detail)
        : base(Fault.NonFinite, string.Create(CultureInfo.InvariantCulture, $"{what} at step {step} (epoch {epoch}); {detail}"))
    {
        Step = step;
        Epoch = epoch;
        What = what;
    }

    public long Step { get; }

    public int Epoch { get; }

    /// <summary>What is not finite, in words.</summary>
    public string What { get; }

    /// <summary>The same with what a replay has found.</summary>
    public NonFiniteException With(string detail) => new(Step, Epoch, What, detail);

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
