namespace GpuGrad.Training.Runs;

/// <summary>
/// Ends a run whose loss or gradient is not finite. If the device runs ahead, waiting for each step would cost time: the mean over the
/// epoch so far is read every few steps instead, and stays non-finite once it was.
/// </summary>
/// <param name="every">Steps between two reads from a device that runs ahead.</param>
/// <param name="isOneOfMany">Whether ranks train together: then the loss of all is known after each step.</param>
internal sealed class FiniteWatch(int every, bool isOneOfMany) : IRunObserver
{
    private long known; // the last step whose loss is known to be finite

    /// <summary>Called before the first step, with the number of steps done before resuming.</summary>
    public void Begin(long step) => known = step;

    public void OnStep(Trainer trainer, in StepReport report)
    {
        bool runsAhead = trainer.Model.Device.RunsAhead && !isOneOfMany;
        if (!runsAhead || report.Step % every == 0)
            Require(trainer, runsAhead ? trainer.Running.Loss : report.Loss, report.Bound.Graph.GradientNorm is null ? null : report.Bound.GradientNorm);
    }

    /// <exception cref="NonFiniteException">A loss since the last read was not finite; names the range of steps.</exception>
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
