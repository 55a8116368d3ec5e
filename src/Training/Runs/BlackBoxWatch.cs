using System.Globalization;
using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Data;
using GpuGrad.Training.Health;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Runs;

/// <summary>Records the state needed to rerun the last steps, and traces a non-finite value to its origin.</summary>
internal sealed class BlackBoxWatch(RunFolder folder, ModelCard card, SampleSet trained, Remedies remedies, Action<string> warn) : IDisposable
{
    private FlightRecorder? recorder;

    /// <summary>Whether steps are recorded: recording was started, and the disk has not failed.</summary>
    public bool IsRecording => recorder is not null;

    /// <summary>The origin of the non-finite value at which the run stopped.</summary>
    public Finding? NonFinite { get; private set; }

    public void Start(Trainer trainer)
    {
        try
        {
            recorder = new FlightRecorder(trainer.Model, trainer.State.Step, folder.Path);
        }
        catch (StorageException e)
        {
            GoOnUnrecorded(e);
        }
    }

    public void AfterStep(Trainer trainer)
    {
        try
        {
            recorder?.AfterStep(trainer, trainer.LastStep!);
        }
        catch (StorageException e)
        {
            GoOnUnrecorded(e);
        }
    }

    /// <summary>Called after weights were changed between two steps.</summary>
    public void Restart(Trainer trainer)
    {
        try
        {
            recorder?.Restart(trainer.Model, trainer.State.Step);
        }
        catch (StorageException e)
        {
            GoOnUnrecorded(e);
        }
    }

    /// <summary>Adds the findings of a replay of the last steps to the exception. A failure in here must not hide the original one.</summary>
    public NonFiniteException Explain(Trainer trainer, NonFiniteException e, HealthLog health)
    {
        try
        {
            IReadOnlyList<StepRecord> steps = recorder!.Rewind(trainer, trainer.LastStep!, out Snapshot state);
            StepBundle bundle = StepBundle.Of(card, trained, steps, state, trainer.Model.Device.Id);
            string name = $"nonfinite-step-{e.Step.ToString(CultureInfo.InvariantCulture)}";
            using (WorkFolder inside = folder.Folder.Inside(name))
                bundle.Save(inside);
            string path = Path.Combine(folder.Folder.Place.Now ?? folder.Path, name);
            NonFinite = new StepReplay(bundle).Run(trainer.Model.Device);
            string told = NonFinite?.ToString() ?? "a replay of the last steps found every number finite, so it depended on something outside: a fault of memory or device";
            health.Raise(trainer, [FindingText.Alarm(e, NonFinite, remedies, health.LongestStep, path)]);
            return e.With($"{told}; gpugrad replay {path} runs it again");
        }
        catch (Exception failure) when (failure is GpuGradException or IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            warn($"The step could not be replayed: {failure.Message}");
            return e;
        }
    }

    public void Dispose() => recorder?.Dispose();

    private void GoOnUnrecorded(StorageException e)
    {
        recorder?.Dispose();
        recorder = null;
        warn($"{e.Message} The run continues without its black box (diagnostics.black-box): a step that goes wrong could not be replayed.");
    }
}
