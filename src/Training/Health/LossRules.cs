using System.Globalization;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Health;

/// <summary>A loss that does not fall.</summary>
internal sealed class LossRules(Remedies remedies, HealthState state, double? expected) : AlarmRule(state)
{
    private const int Recent = 3;
    private const double Learned = 0.95; // accuracy at which there is little left to fall for

    public Alarm? Judge(long step, EpochFigures figures)
    {
        State.EpochLosses.Add(figures.Loss);
        // Of those before the recent ones the best is enough, however long a run is.
        while (State.EpochLosses.Count > Recent + 1)
        {
            State.EpochLosses[1] = Math.Min(State.EpochLosses[0], State.EpochLosses[1]);
            State.EpochLosses.RemoveAt(0);
        }
        if (State.EpochLosses.Count <= Recent || figures.Accuracy >= Learned)
            return null;
        double before = State.EpochLosses[..^Recent].Min(), recent = State.EpochLosses[^Recent..].Min();
        if (recent <= before - (0.01 * Math.Abs(before)) || !IsFirst(AlarmCatalog.LossStuck))
            return null;
        bool never = expected is double e && Math.Abs(recent - e) < 0.02 * e;
        string finding = string.Create(CultureInfo.InvariantCulture, $"the best training loss of the last {Recent} epochs is {recent:G4}, before them it was {before:G4}");
        if (never)
            finding += string.Create(CultureInfo.InvariantCulture, $"; {expected:G4} is that of a network that knows nothing");
        return never
            ? new Alarm(AlarmCatalog.LossStuck, step, "", finding, "It never fell: no gradient arrives, or every step jumps too far.", $"{remedies.Rate(0.1)}, then {remedies.Rate(10)}")
            : new Alarm(AlarmCatalog.LossStuck, step, "", finding, "It has learned what this learning rate and model allow, or jumps from side to side of a valley.", $"--set train.schedule=cosine, or {remedies.Rate(0.3)}");
    }
}
