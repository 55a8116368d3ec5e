namespace GpuGrad.Training.Runs;

/// <summary>Stops training after some steps.</summary>
/// <param name="steps">Number of steps.</param>
/// <param name="progress">Receives the share of steps done.</param>
/// <param name="enough">Cancelled after the last; its token stops the training.</param>
internal sealed class StepLimit(long steps, Action<double> progress, CancellationTokenSource enough) : IRunObserver
{
    public void OnStep(Trainer trainer, in StepReport report)
    {
        progress(Math.Min(1, (double)report.Step / steps));
        if (report.Step >= steps)
            enough.Cancel();
    }
}
