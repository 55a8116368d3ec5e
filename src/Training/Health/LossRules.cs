using System.Globalization;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Health;

/// <summary>Rule for a loss that does not fall.</summary>
internal sealed class LossRules(RunFacts facts, LearningProgress progress, StuckLoss stuck, HealthState state) : AlarmRule(state)
{
    private const int Recent = 3;
    private const int FewestSteps = 10; // between two epochs that are compared
    private const double AsAGuess = 0.97, Risen = 1.1, TimesThrown = 100;

    /// <summary>Whether none of the last epochs was clearly better than the best before them.</summary>
    public bool IsFlat => State.EpochLosses.Count > Recent && RecentBest > Before - (0.01 * Math.Abs(Before));

    private double Before => State.EpochLosses[..^Recent].Min();

    private double RecentBest => State.EpochLosses[^Recent..].Min();

    /// <summary>Called once per epoch.</summary>
    /// <param name="step">Number of steps done.</param>
    /// <param name="figures">Training metrics.</param>
    /// <param name="held">Held-out metrics; null without held-out samples.</param>
    public Alarm? Judge(long step, EpochFigures figures, EpochFigures? held = null)
    {
        (State.LastLoss, State.LastAccuracy) = (figures.Loss, double.IsNaN(figures.Accuracy) ? null : figures.Accuracy);
        double lowest = State.LowestLoss ?? figures.Loss;
        State.LowestLoss = Math.Min(lowest, figures.Loss);
        string? thrown = Thrown("training loss", figures.Loss, lowest)
            ?? (held is EpochFigures h && State.BestHeldOut is double best ? Thrown("loss on samples not trained on", h.Loss, best) : null);
        if (thrown is not null)
            return IsFirst(AlarmCatalog.LossStuck) ? stuck.WasThrown(step, thrown) : null;
        if (State.NotedStep is long noted && step - noted < FewestSteps)
            return null;
        Note(step, figures);
        if (!IsFlat || progress.Learned)
            return null;
        string finding = string.Create(CultureInfo.InvariantCulture, $"the best training loss of the last {Recent} epochs is {RecentBest:G4}, before them it was {Before:G4}");
        if (IsGuess(RecentBest))
        {
            finding += string.Create(CultureInfo.InvariantCulture, $"; {facts.GuessLoss ?? facts.ExpectedLoss:G4} is that of an uninformed guess");
            return IsFirst(AlarmCatalog.LossStuck) ? stuck.NeverFell(step, finding) : null;
        }
        Alarm? alarm = RecentBest > Risen * Before ? stuck.Rose(step, finding) : stuck.Stands(step, finding);
        return alarm is not null && IsFirst(alarm.Id + (alarm.IsRemark ? " remark" : "")) ? alarm : null;
    }

    // The effect of an epoch's last step shows only on later samples.
    private string? Thrown(string what, double loss, double lowest) => progress.IsThrown(loss, lowest, TimesThrown)
        ? string.Create(CultureInfo.InvariantCulture, $"the {what} of this epoch is {loss:G4}, it was {lowest:G4}; {facts.GuessLoss ?? facts.ExpectedLoss:G4} is that of an uninformed guess")
        : null;

    private bool IsGuess(double loss) =>
        loss >= AsAGuess * (facts.GuessLoss ?? facts.ExpectedLoss ?? double.PositiveInfinity) || (facts.ExpectedLoss is double e && Math.Abs(loss - e) < 0.02 * e);

    private void Note(long step, EpochFigures figures)
    {
        State.NotedStep = step;
        State.EpochLosses.Add(figures.Loss);
        // Of the epochs before the recent ones only the best is kept, however long the run.
        while (State.EpochLosses.Count > Recent + 1)
        {
            State.EpochLosses[1] = Math.Min(State.EpochLosses[0], State.EpochLosses[1]);
            State.EpochLosses.RemoveAt(0);
        }
    }
}
