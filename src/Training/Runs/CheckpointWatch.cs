using System.Diagnostics;
using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Logs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Runs;

/// <summary>Saves checkpoints when they are due: every N steps, every N seconds, at the end of each epoch.</summary>
/// <param name="config">The experiment.</param>
/// <param name="yaml">The config as text, for the checkpoint.</param>
/// <param name="fingerprint">Fingerprint of the data.</param>
/// <param name="folder">The run folder, for the checkpoints.</param>
/// <param name="logs">Logs, flushed with each checkpoint, which stores their lengths.</param>
/// <param name="survive">Called if a checkpoint could not be saved.</param>
internal sealed class CheckpointWatch(RunConfig config, string yaml, string fingerprint, RunFolder folder, RunLogs logs, Action<GpuGradException> survive)
{
    private readonly Stopwatch sinceLast = Stopwatch.StartNew();

    public void AfterStep(Trainer trainer, in StepReport report)
    {
        bool due = config.Checkpoint.Every > 0 && report.Step % config.Checkpoint.Every == 0;
        bool late = config.Checkpoint.Seconds > 0 && sinceLast.Elapsed.TotalSeconds >= config.Checkpoint.Seconds;
        // The end of an epoch is saved once its metrics are known.
        if ((due || late) && report.Done < report.Samples)
            TrySave(trainer, best: false);
    }

    public void AfterEpoch(Trainer trainer, bool best) => TrySave(trainer, best);

    /// <exception cref="StorageException">The checkpoint could not be written.</exception>
    public void Save(Trainer trainer, bool best)
    {
        if (trainer.Model.Device.RunsAhead)
            trainer.RequireFinite(); // a checkpoint must not hold weights that are not finite
        sinceLast.Restart();
        (long length, Dictionary<string, long>? others) = logs.Sync();
        var checkpoint = new Checkpoint
        {
            State = trainer.State,
            Config = yaml,
            DataFingerprint = fingerprint,
            Device = Checkpoint.NameOf(trainer.Model.Device),
            MetricsLength = length,
            LogLengths = others,
            Parameters = ModelState.ParametersOf(trainer.Model),
            Buffers = ModelState.BuffersOf(trainer.Model),
        };
        try
        {
            folder.Checkpoints.Save(checkpoint, config.Checkpoint.Keep, best);
        }
        catch (StorageException)
        {
            folder.RequireInPlace(); // "the folder is gone" is a better message than "a file in it cannot be created"
            throw;
        }
        // It is saved in the run's own folder, even if that was moved.
        folder.RequireInPlace(string.Create(CultureInfo.InvariantCulture, $" after step {checkpoint.State.Step}, whose checkpoint is in it"));
    }

    private void TrySave(Trainer trainer, bool best)
    {
        try
        {
            Save(trainer, best);
        }
        catch (StorageException e) when (!config.Checkpoint.Required)
        {
            survive(e);
        }
    }
}
