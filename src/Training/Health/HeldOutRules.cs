using System.Globalization;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Health;

/// <summary>Rule for overfitting: the held-out loss rises while the training loss falls.</summary>
internal sealed class HeldOutRules(Remedies remedies, HealthState state) : AlarmRule(state)
{
    private const double Risen = 1.5, Wider = 3, Errors = 0.1;
    private const int For = 3, Fewest = 30;

    /// <summary>Called once an epoch.</summary>
    /// <param name="step">Number of steps done.</param>
    /// <param name="train">Training metrics.</param>
    /// <param name="held">Held-out metrics.</param>
    /// <param name="validation">Whether those are the validation part.</param>
    public Alarm? Judge(long step, EpochFigures train, EpochFigures held, bool validation)
    {
        if (held.Samples < Fewest || !double.IsFinite(held.Loss))
            return null;
        double best = Math.Min(State.BestHeldOut ?? held.Loss, held.Loss);
        State.BestHeldOut = best;
        bool apart = held.Loss > Risen * best && held.Loss > Wider * train.Loss && (double.IsNaN(held.Accuracy) || train.Accuracy - held.Accuracy >= Errors);
        if (!Holds(AlarmCatalog.Overfitting, apart, For) || remedies.KeepBest(validation) is not string keep || !IsFirst(AlarmCatalog.Overfitting))
            return null;
        string part = validation ? "validation" : "test";
        string finding = string.Create(CultureInfo.InvariantCulture, $"the {part} loss is {held.Loss:G3}, it was {best:G3} at its best; the training loss is {train.Loss:G2}");
        return new Alarm(AlarmCatalog.Overfitting, step, "", finding, "The network learns its samples by heart: it has more freedom than they can fill.", Remedies.Either(keep, "more samples, data.augment, dropout or weight decay"));
    }
}
