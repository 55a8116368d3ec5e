using System.Globalization;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Health;

/// <summary>Rule for updates that are too large or too small for the weights.</summary>
internal sealed class UpdateRules(RunConfig config, RunFacts facts, LearningProgress progress, Remedies remedies, HealthState state) : AlarmRule(state)
{
    private const double Large = 0.2, Leap = 0.5;
    private const double Small = 1e-6;
    private const double Enough = 0.2; // relative distance that a layer has to move in a whole run to learn anything
    private const double Faded = 1000; // ratio between an earlier update and the current ones, before gradients vanished
    private const int LargeFor = 3, SmallFor = 5, StepsKept = 256;

    /// <summary>Records the size of a step's update, and how the weights have shrunk.</summary>
    public void NoteSize(long step, HealthReading reading)
    {
        State.Steps.Add(new StepSize(step, Largest(reading)));
        if (State.Steps.Count > StepsKept)
            State.Steps.RemoveAt(0);
        foreach (ParameterReading p in facts.Weights(reading))
            State.FirstWeights.TryAdd(p.Parameter.Name, p.Weight);
        State.WeightLeft = facts.Weights(reading).Select(p => p.Weight / State.FirstWeights[p.Parameter.Name]).DefaultIfEmpty(1).Min();
    }

    public IEnumerable<Alarm> Judge(long step, double rate, double loss, HealthReading reading) =>
        new[] { TooLarge(step, loss, reading), TooSmall(step, rate, loss, reading) }.OfType<Alarm>();

    private Alarm? TooLarge(long step, double loss, HealthReading reading)
    {
        // Of the layers concerned, the worst is named.
        ParameterReading[] large = [.. facts.Weights(reading).Where(p => Holds($"{AlarmCatalog.UpdatesLarge} {p.Parameter.Name}", p.Move > Large && double.IsFinite(p.Move), LargeFor) || p.Move > Leap)];
        if (large.Length == 0 || !double.IsFinite(large.Max(p => p.Move)) || (progress.Learned && !progress.IsWorse(loss)) || !IsFirst(AlarmCatalog.UpdatesLarge))
            return null;
        ParameterReading worst = large.MaxBy(p => p.Move)!;
        string finding = string.Create(CultureInfo.InvariantCulture, $"a step moves {worst.Parameter.Name} by {worst.Move * 100:F0} % of its norm{Others(large.Length)}; about 0.1 % is healthy");
        string? lower = remedies.LowerRate(State.Steps.Max(s => s.Ratio));
        return new Alarm(AlarmCatalog.UpdatesLarge, step, worst.Parameter.Layer, finding, "The learning rate is too high for these weights.", Remedies.Either(lower, lower is null ? Remedies.Clip(1) : null));
    }

    private Alarm? TooSmall(long step, double rate, double loss, HealthReading reading)
    {
        // A schedule that ends near 0 makes small updates on purpose, and a trained network has nothing left to learn.
        bool full = rate >= 0.1 * config.Train.Optimizer.Lr && rate > 0 && !progress.Learned && !progress.IsLow(loss);
        bool moves = facts.Weights(reading).Any(p => p.Update > 0 || p.Gradient > 0);
        // A warm-up starts with a fraction of the rate.
        double largest = Largest(reading), longest = State.Steps.Max(s => s.Ratio), whole = Math.Max(1, config.Train.Optimizer.Lr / rate);
        bool slow = Holds($"{AlarmCatalog.UpdatesSmall} slow", full && moves && !progress.IsBetter(loss) && longest * whole * facts.TotalSteps < Enough, SmallFor);
        bool faded = Holds($"{AlarmCatalog.UpdatesSmall} faded", full && moves && largest < Small && longest > Faded * largest, SmallFor);
        ParameterReading[] small = [.. facts.Weights(reading).Where(p => Holds($"{AlarmCatalog.UpdatesSmall} {p.Parameter.Name}", full && p.Ratio / facts.FactorOf(p) < Small && (p.Update > 0 || p.Gradient > 0), SmallFor))];
        if ((!slow && !faded && small.Length == 0) || !IsFirst(AlarmCatalog.UpdatesSmall))
            return null;
        return slow ? Slow(step, longest * whole) : faded ? FadedAway(step, largest, longest) : Blocked(step, small);
    }

    private Alarm Slow(long step, double longest) => new(
        AlarmCatalog.UpdatesSmall, step, "", string.Create(CultureInfo.InvariantCulture, $"at the full rate no step moves a layer by more than {longest:G2} of its norm, which over the {facts.TotalSteps:N0} steps of the run comes to {longest * facts.TotalSteps * 100:G2} %"),
        "The learning rate is too low for these weights and so few steps.", Remedies.Either(remedies.HigherRate(longest), "more epochs"));

    private Alarm FadedAway(long step, double largest, double longest) => new(
        AlarmCatalog.UpdatesSmall, step, "", string.Create(CultureInfo.InvariantCulture, $"a step moves no layer by more than {largest:G2} of its norm, where an earlier one moved a layer by {longest:G2}"),
        "Gradients have died out: long steps have left the network where hardly any arrives.", Remedies.Either(remedies.LowerRate(longest), "leaky-relu instead of relu"));

    private static Alarm Blocked(long step, ParameterReading[] small)
    {
        ParameterReading worst = small.MinBy(p => p.Ratio)!;
        return new Alarm(
            AlarmCatalog.UpdatesSmall, step, worst.Parameter.Layer, string.Create(CultureInfo.InvariantCulture, $"a step moves {worst.Parameter.Name} by {worst.Ratio:G2} of its norm{Others(small.Length)}"),
            "Hardly any gradient reaches this layer, while others move: its way is blocked by flat or dead units, or too long.", "relu instead of sigmoid or tanh, leaky-relu where units are dead, or batchnorm between the layers");
    }

    private double Largest(HealthReading reading) => facts.Weights(reading).Select(p => p.Move).Where(double.IsFinite).DefaultIfEmpty().Max();

    private static string Others(int count) => count > 1 ? string.Create(CultureInfo.InvariantCulture, $" (and {count - 1} more)") : "";
}
