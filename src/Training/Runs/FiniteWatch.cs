namespace GpuGrad.Training.Runs;

/// <summary>
/// Ends a run whose loss or gradient is no finite number. A device that runs ahead is not waited for at every step: there the mean over the
/// epoch so far is read every few steps, which stays not finite once it was.
/// </summary>
/// <param name="every">Steps between two looks at a device that runs ahead.</param>
/// <param name="isOneOfMany">Whether ranks train together: then the loss of all is known after each step.</param>
internal sealed class FiniteWatch(int every, bool isOneOfMany) : IRunObserver
{
    private long known; // the last step whose loss is known to be finite

    /// <summary>Called before the first step, with how many were done in earlier sittings.</summary>
    public void Begin(long step) => known = step;

    public void OnStep(Trainer trainer, in StepReport report)
    {
        bool runsAhead = trainer.Model.Device.RunsAhead && !isOneOfMany;
        if (!runsAhead || report.Step % every == 0)
            Require(trainer, runsAhead ? trainer.Running.Loss : report.Loss, report.Bound.Graph.GradientNorm is null ? null : report.Bound.GradientNorm);
    }

    /// <exception cref="NonFiniteException">A loss since the last look was not finite: names the steps among which it was.</exception>
    public void Require(Trainer trainer)
    {
        if (trainer.State.Step > known)
            Require(trainer, trainer.Running.Loss, null);
    }

    private void Require(Trainer trainer, double loss, double? norm)
    {
        RunState state = trainer.State;
        if (!double.IsFinite(loss) || (norm is double n && !double.IsFinite(n)))
            throw new NonFiniteException(state.Step, state.Epoch + 1, loss, norm ?? double.NaN, first: known + 1);
        known = state.Step;
    }
}
