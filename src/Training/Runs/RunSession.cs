using GpuGrad.Kernels.Devices;
using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Health;
using GpuGrad.Training.Logs;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tools;
using GpuGrad.Training.Transfer;

namespace GpuGrad.Training.Runs;

/// <summary>Trains in a run folder: logs metrics, saves checkpoints, resumes from one, writes a summary and weights.</summary>
public sealed class RunSession : IDisposable
{
    private readonly RunConfig config;
    private readonly TrainingData data;
    private readonly RunFolder folder;
    private readonly Action<string> warn;
    private readonly RunLogs logs;
    private readonly ModelCard card;
    private readonly HealthLog health;
    private readonly Remedies remedies;
    private readonly BlackBoxWatch box;
    private readonly CheckpointWatch checkpoints;
    private readonly SummaryWriter summary;
    private readonly bool recordsSteps;

    /// <param name="loaded">The experiment.</param>
    /// <param name="data">Its samples.</param>
    /// <param name="device">The device; not disposed by the session.</param>
    /// <param name="folder">The run folder; not disposed by the session.</param>
    /// <param name="resumed">The checkpoint to resume from; null for a new run.</param>
    /// <param name="display">Receives every step and epoch.</param>
    /// <param name="warn">Receives problems that do not stop the run.</param>
    /// <param name="ranks">The processes that train it together; the session is that of rank 0. Null for one process.</param>
    public RunSession(
        LoadedConfig loaded, TrainingData data, Device device, RunFolder folder, Checkpoint? resumed, IRunObserver? display, Action<string> warn, ICollectives? ranks = null)
    {
        loaded = loaded.For(data);
        config = loaded.Config;
        this.data = data;
        this.folder = folder;
        this.warn = warn;
        card = ModelCard.Of(loaded, data);
        // A step of several ranks cannot be replayed from the record of one.
        recordsSteps = config.Diagnostics.BlackBox && ranks is null;
        // A checkpoint has all weights, and the file of initial weights may be gone.
        Trainer = new Trainer(resumed is null ? config : config with { InitFrom = null }, data, device, null, ranks);
        Remark(isNew: resumed is null);
        remedies = new Remedies(loaded) { TotalSteps = Trainer.TotalSteps };
        if (resumed is not null)
        {
            ModelState.Restore(Trainer.Model, resumed);
            Trainer.State = resumed.State;
        }
        card.Write(folder.Folder);
        if (Trainer.Model.Transfer is { } transfer)
            DurableFile.WriteText(folder.Folder, RunFolder.TransferFile, TransferJson.Of(transfer).ToJsonString() + "\n");
        logs = RunLogs.Open(loaded, data, folder, resumed, Survive);
        health = new HealthLog(loaded, Trainer, data, logs, display);
        box = new BlackBoxWatch(folder, card, data.Train, remedies, warn);
        checkpoints = new CheckpointWatch(config, YamlWriter.Write(loaded.Tree), data.Fingerprint, folder, logs, Survive);
        summary = new SummaryWriter(config, folder, card, ranks?.Size);
        UnitRevival? revival = config.Diagnostics.OnDead == OnDead.Reinit ? new UnitRevival(config, Trainer, health, box) : null;
        Trainer.Observe(new SessionObserver(box, new FigureLog(config, logs), logs, health, revival, display, checkpoints));
    }

    public Trainer Trainer { get; }

    /// <summary>The origin, found by the black box, of the non-finite value at which the run stopped.</summary>
    public Finding? NonFinite => box.NonFinite;

    /// <summary>Units that are dead or saturated now, layer by layer.</summary>
    public IReadOnlyList<IdleUnits> IdleUnits => health.Idle(Trainer);

    /// <summary>Trains to the end or until asked to stop, then writes checkpoint, summary and weights.</summary>
    /// <param name="stop">Stops after the current step.</param>
    /// <param name="until">Stops after this epoch.</param>
    public RunResult Run(CancellationToken stop, int until = int.MaxValue)
    {
        try
        {
            if (recordsSteps)
                box.Start(Trainer);
            if (Trainer.State.Step == 0)
                logs.AtStart(Trainer);
            if (config.Diagnostics.InitAudit && Trainer.State.Step == 0)
                Audit();
            RunResult result = Trainer.Run(stop, until);
            if (result.Status != RunStatus.Stopped)
                health.AtEnd(Trainer);
            if (result.Status == RunStatus.Stopped)
                checkpoints.Save(Trainer, best: false);
            else
                WeightFile.Save(folder.Folder, Path.GetFileName(folder.Weights), Trainer.Model, card.ToMetadata());
            Finish(Naming.Kebab(result.Status.ToString()), result.Final);
            folder.RequireInPlace(" at its end, with weights and summary in it");
            return result;
        }
        catch (MovedFolderException e)
        {
            if (e.Now is not null)
                Finish("stopped", null);
            throw;
        }
        catch (NonFiniteException e) when (box.IsRecording)
        {
            NonFiniteException explained = box.Explain(Trainer, e, health);
            Finish("non-finite", null);
            throw explained;
        }
        catch (GpuGradException e)
        {
            Finish(e.Fault == Fault.NonFinite ? "non-finite" : "failed", null);
            throw;
        }
    }

    public void Dispose()
    {
        box.Dispose();
        logs.Dispose();
        Trainer.Dispose();
    }

    // A resumed run has reported its settings when it was started.
    private void Remark(bool isNew)
    {
        if (isNew)
        {
            foreach (string remark in SettingsWithoutEffect.Remarks(config, Trainer.Network).Concat(SettingsWithoutEffect.Remarks(config, data.Train.Count, Trainer.TotalSteps)))
                warn(remark);
        }
        foreach (string remark in TransferRemarks.Of(config, Trainer.Network, Trainer.Model.Transfer, isNew))
            warn(remark);
        if (config.Threads > 0 && Trainer.Model.Device.Id != "cpu")
            warn($"threads: {config.Threads} applies to the cpu device only; it has no effect on {Trainer.Model.Device.Id}");
    }

    // The audit needs extra memory; if there is not enough, the run continues without it.
    private void Audit()
    {
        try
        {
            health.AtStart(Trainer);
            health.Raise(Trainer, InitAudit.Run(config, Trainer.Network, Trainer.Model.Device, data.Train, card.Normalization, card.Shape, remedies, Trainer.Model).Alarms);
        }
        catch (GpuGradException e) when (e.Fault == Fault.Memory)
        {
            warn("Not enough memory for the audit of the initialisation (diagnostics.init-audit); the run continues without it.");
        }
    }

    private void Finish(string status, EpochReport? final)
    {
        try
        {
            if (status != "stopped")
                logs.AtEnd(Trainer, succeeded: status is "finished" or "early-stopped");
            logs.Sync();
            summary.Write(Trainer, status, final, box.IsRecording);
        }
        catch (StorageException e) when (final is null)
        {
            Survive(e); // the reason why the run ended matters more
        }
    }

    private void Survive(GpuGradException e) => warn($"{e.Message} The run continues; what was saved before is unchanged.");
}
