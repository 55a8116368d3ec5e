using System.Globalization;

namespace GpuGrad.Training.Health;

/// <summary>Explains why a loss does not fall by other measurements: reports the first cause that fits, with its remedy.</summary>
internal sealed class StuckLoss(RunFacts facts, Remedies remedies, Explanations explanations, LearningProgress progress, HealthState state)
{
    private const double TooLong = 0.03, TooShort = 1e-4, Thrown = 0.2, Shrunk = 0.3;
    private const int Typical = 5;

    // The median over the last watched steps.
    private double Move => state.Steps.Count == 0 ? double.NaN : state.Steps.TakeLast(Typical).Select(s => s.Ratio).Order().ElementAt(Math.Min(Typical, state.Steps.Count) / 2);

    public Alarm NeverFell(long step, string finding)
    {
        (string cause, string remedy) = Cause() ?? Elsewhere() ?? Rates()
            ?? ("Steps have a healthy size but lead nowhere: the inputs may not determine the targets.", "gpugrad data show CONFIG, to see samples with their labels: are the columns and labels right, and in the same order?");
        return Of(step, finding, "It never fell. " + cause, remedy);
    }

    public Alarm Rose(long step, string finding)
    {
        (string cause, string remedy) = Cause() ?? Elsewhere() ?? ("Steps jump from side to side of a valley.", Lower());
        return Of(step, finding, "It was lower before. " + cause, remedy);
    }

    /// <summary>Alarm for a loss that jumped far above a guess's.</summary>
    public Alarm WasThrown(long step, string finding) => Of(
        step, finding,
        remedies.Raised is double times
            ? string.Create(CultureInfo.InvariantCulture, $"The schedule raises the learning rate to {times:G2} times the optimizer's: a step was so long that nothing is left of what was learned.")
            : "A step was so long that nothing is left of what was learned.",
        Remedies.Either(remedies.LowerRate(state.Steps.Select(s => s.Ratio).DefaultIfEmpty().Max()), Remedies.Clip(1)));

    /// <summary>Alarm for a loss that fell and then stagnates; only a remark if nothing else is wrong.</summary>
    public Alarm Stands(long step, string finding)
    {
        if (facts.Linear is (string first, string second))
        {
            return new Alarm(
                AlarmCatalog.LinearLayers, step, first, string.Create(CultureInfo.InvariantCulture, $"there is no activation between {first} and {second}, and {finding}"),
                "Two layers of weights with nothing in between that bends are no more than one: the network can draw straight lines only.", $"an activation such as relu between {first} and {second}");
        }
        if (Cause() is (string cause, string remedy))
            return Of(step, finding, cause, remedy);
        if (Move > TooLong)
            return Of(step, finding, "Steps are so long that they jump from side to side of a valley.", Lower());
        return Of(step, finding, "It has learned what this model and these samples allow, or needs shorter steps now.", Remedies.Either(remedies.Schedule, "more units or layers, or an early stop")) with { IsRemark = true };
    }

    // Causes that show in the settings and are confirmed by a measurement.
    private (string, string)? Cause()
    {
        if (remedies.Normalise(facts.InputSize) is string normalise)
            return (string.Create(CultureInfo.InvariantCulture, $"The inputs are not normalised: their root mean square is {facts.InputSize:G2}."), normalise);
        if (remedies.Dropout is string dropout)
            return ("Dropout hides nearly all of a layer from the next.", dropout);
        // A network that is far better than a guess keeps what it needs: on mammography weights shrink to 30 % and a tenth of the decay gains nothing on other samples.
        if (state.WeightLeft < Shrunk && !progress.IsBetterNow && remedies.WeightDecay is string decay)
            return (string.Create(CultureInfo.InvariantCulture, $"Weight decay wins over the gradient: weights have shrunk to {state.WeightLeft * 100:F0} % of what they began with."), decay);
        return facts.ClassShares.Count > 1 && remedies.ClassLoss is string loss
            ? ("This loss compares numbers; for classes, giving all of them the same small number costs it least.", loss)
            : null;
    }

    private (string, string)? Elsewhere() => explanations.Of(AlarmCatalog.LossStuck) is string reason ? ($"{reason} above says why.", $"what {reason} says") : null;

    private (string, string)? Rates()
    {
        if (Move > TooLong)
            return ("Every step jumps too far.", Lower());
        StepSize? longest = state.Steps.MaxBy(s => s.Ratio);
        if (longest?.Ratio > Thrown)
            return (string.Create(CultureInfo.InvariantCulture, $"Step {longest.Step} moved a layer by {longest.Ratio * 100:F0} % of its norm, to where hardly any gradient arrives."), Remedies.Either(remedies.LowerRate(longest.Ratio), "leaky-relu instead of relu"));
        return Move < TooShort && remedies.HigherRate(Move) is string higher ? ("Steps are too short to lead anywhere.", higher) : null;
    }

    private string Lower() => Remedies.Either(remedies.LowerRate(Move) ?? remedies.Schedule, "a larger batch");

    private static Alarm Of(long step, string finding, string cause, string remedy) => new(AlarmCatalog.LossStuck, step, "", finding, cause, remedy);
}
