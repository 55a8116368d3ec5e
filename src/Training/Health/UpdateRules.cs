using System.Globalization;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Health;

/// <summary>Steps that are too long or too short for the weights they move.</summary>
internal sealed class UpdateRules(RunConfig config, HealthState state) : AlarmRule(state)
{
    private const double Large = 0.2;
    private const double Small = 1e-6;
    private const int LargeFor = 3, SmallFor = 5, StepsKept = 256;

    /// <summary>Remembers how long a step was.</summary>
    public void NoteSize(long step, HealthReading reading)
    {
        double largest = Weights(reading).Select(p => p.Ratio).Where(double.IsFinite).DefaultIfEmpty().Max();
        State.Steps.Add(new StepSize(step, largest));
        if (State.Steps.Count > StepsKept)
            State.Steps.RemoveAt(0);
    }

    public IEnumerable<Alarm> Judge(long step, double rate, HealthReading reading)
    {
        // Of the layers it holds for, the worst is named.
        ParameterReading[] large = [.. Weights(reading).Where(p => Holds($"{AlarmCatalog.UpdatesLarge} {p.Parameter.Name}", p.Ratio > Large && double.IsFinite(p.Ratio), LargeFor))];
        if (large.Length > 0 && IsFirst(AlarmCatalog.UpdatesLarge))
        {
            ParameterReading worst = large.MaxBy(p => p.Ratio)!;
            string finding = string.Create(CultureInfo.InvariantCulture, $"a step moves {worst.Parameter.Name} by {worst.Ratio * 100:F0} % of its norm{Others(large.Length)}; about 0.1 % is healthy");
            yield return new Alarm(AlarmCatalog.UpdatesLarge, step, worst.Parameter.Layer, finding, "The learning rate is too high for these weights.", Remedies.Rate(config, 0.1));
        }
        // A schedule that ends near 0 makes small steps on purpose.
        bool full = rate >= 0.1 * config.Train.Optimizer.Lr && rate > 0;
        ParameterReading[] small = [.. Weights(reading).Where(p => Holds($"{AlarmCatalog.UpdatesSmall} {p.Parameter.Name}", full && p.Ratio < Small && (p.Update > 0 || p.Gradient > 0), SmallFor))];
        if (small.Length > 0 && IsFirst(AlarmCatalog.UpdatesSmall))
        {
            ParameterReading worst = small.MinBy(p => p.Ratio)!;
            bool all = small.Length == Weights(reading).Count();
            string finding = string.Create(CultureInfo.InvariantCulture, $"a step moves {worst.Parameter.Name} by {worst.Ratio:G2} of its norm{Others(small.Length)}");
            yield return all
                ? new Alarm(AlarmCatalog.UpdatesSmall, step, worst.Parameter.Layer, finding, "The learning rate is too low for these weights.", Remedies.Rate(config, 10))
                : new Alarm(AlarmCatalog.UpdatesSmall, step, worst.Parameter.Layer, finding, "Hardly any gradient reaches this layer, while others move.", "relu in place of sigmoid or tanh, or batchnorm between the layers");
        }
    }

    private static IEnumerable<ParameterReading> Weights(HealthReading reading) => reading.Parameters.Where(p => p.Parameter.Shape.Rank > 1 && p.Weight > 0);

    private static string Others(int count) => count > 1 ? string.Create(CultureInfo.InvariantCulture, $" (and {count - 1} more)") : "";
}
