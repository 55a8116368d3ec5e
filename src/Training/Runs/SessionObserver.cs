namespace GpuGrad.Training.Runs;

/// <summary>Passes each step and epoch to the parts of a session, in the required order.</summary>
/// <param name="box">First, because the others may end the run.</param>
/// <param name="figures">Its lines come before those of alarms.</param>
/// <param name="health">Raises alarms.</param>
/// <param name="revival">Revives dead units after the alarm that names them; null to leave them. What comes later sees the changed weights.</param>
/// <param name="display">Displays progress; null for none.</param>
/// <param name="checkpoints">Last: a checkpoint includes what all others have written.</param>
internal sealed class SessionObserver(BlackBoxWatch box, FigureLog figures, Logs.RunLogs logs, HealthLog health, UnitRevival? revival, IRunObserver? display, CheckpointWatch checkpoints) : IRunObserver
{
    public void OnStep(Trainer trainer, in StepReport report)
    {
        box.AfterStep(trainer);
        figures.AfterStep(report);
        health.AfterStep(trainer, report);
        revival?.AfterStep(trainer, report);
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
