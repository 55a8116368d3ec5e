using System.Globalization;

namespace GpuGrad.Training.Runs;

/// <summary>A loss or a gradient is not finite; the run stops with its last checkpoint intact.</summary>
public sealed class NonFiniteException : GpuGradException
{
    private const string Advice = "try a lower learning rate, a warm-up or gradient clipping";

    private readonly long first;

    /// <param name="step">The step, from 1.</param>
    /// <param name="epoch">Its epoch, from 1.</param>
    /// <param name="loss">The step's loss.</param>
    /// <param name="gradientNorm">The norm of the step's gradients.</param>
    /// <param name="first">The first step in which it may have happened, if the device is not read at every step; 0 for the step itself.</param>
    public NonFiniteException(long step, int epoch, double loss, double gradientNorm = double.NaN, long first = 0)
        : this(step, epoch, double.IsFinite(loss) ? $"the norm of the gradients is {Text(gradientNorm)}" : $"the loss is {Text(loss)}", Advice, first)
    {
    }

    /// <param name="step">The step, from 1.</param>
    /// <param name="epoch">Its epoch, from 1.</param>
    /// <param name="parameter">The parameter that is not finite.</param>
    public NonFiniteException(long step, int epoch, string parameter) : this(step, epoch, $"{parameter} holds a number that is not finite", Advice)
    {
    }

    private NonFiniteException(long step, int epoch, string what, string detail, long first = 0)
        : base(Fault.NonFinite, string.Create(CultureInfo.InvariantCulture, $"{what} {(first > 0 && first < step ? $"in one of the steps {first} to {step}" : $"at step {step}")} (epoch {epoch}); {detail}"))
    {
        Step = step;
        Epoch = epoch;
        What = what;
        this.first = first;
    }

    public long Step { get; }

    public int Epoch { get; }

    /// <summary>Description of the non-finite value.</summary>
    public string What { get; }

    /// <summary>The same exception with the findings of a replay.</summary>
    public NonFiniteException With(string detail) => new(Step, Epoch, What, detail, first);

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
