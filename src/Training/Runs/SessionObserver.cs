namespace GpuGrad.Training.Runs;

/// <summary>Tells the parts of a session of each step and epoch, in the order in which they must hear of it.</summary>
/// <param name="box">First, because what follows may end the run.</param>
/// <param name="figures">The log's lines of figures come before those of alarms.</param>
/// <param name="health">Raises alarms.</param>
/// <param name="display">Shows what is known so far; null for nobody.</param>
/// <param name="checkpoints">Last: a checkpoint holds what all others have written.</param>
internal sealed class SessionObserver(BlackBoxWatch box, FigureLog figures, Logs.RunLogs logs, HealthLog health, IRunObserver? display, CheckpointWatch checkpoints) : IRunObserver
{
    public void OnStep(Trainer trainer, in StepReport report)
    {
        box.AfterStep(trainer);
        figures.AfterStep(report);
        health.AfterStep(trainer, report);
        display?.OnStep(trainer, report);
        checkpoints.AfterStep(trainer, report);
    }

    public void OnEpoch(Trainer trainer, EpochReport report)
    {
        figures.AfterEpoch(report);
        logs.AfterEpoch(trainer, report);
        bool best = trainer.State.KeptEpoch == report.Epoch;
        display?.OnEpoch(trainer, report);
        health.AfterEpoch(trainer, report);
        checkpoints.AfterEpoch(trainer, best);
    }
}
