using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Health;
using GpuGrad.Training.Logs;
using GpuGrad.Training.Reports;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;
using GpuGrad.Training.Transfer;

namespace GpuGrad.Training.Runs;

/// <summary>A trainer with a run folder: logs its figures, saves checkpoints, goes on from one, leaves a summary and weights.</summary>
public sealed class RunSession : IRunObserver, IDisposable
{
    private readonly RunConfig config;
    private readonly string yaml;
    private readonly string fingerprint;
    private readonly RunFolder folder;
    private readonly IRunObserver? display;
    private readonly Action<string> warn;
    private readonly RunLogs logs;
    private readonly ModelCard card;
    private readonly HealthLog health;
    private readonly SampleSet trainSamples;
    private readonly Remedies remedies;
    private readonly ICollectives? ranks;
    private FlightRecorder? recorder;
    private readonly Stopwatch sinceCheckpoint = Stopwatch.StartNew();
    private bool bestIsNew;

    /// <param name="loaded">The experiment.</param>
    /// <param name="data">Its samples.</param>
    /// <param name="device">Where it runs; not disposed by the session.</param>
    /// <param name="folder">Where it leaves what it makes; not disposed by the session.</param>
    /// <param name="resumed">The checkpoint to go on from; null for a new run.</param>
    /// <param name="display">Told of every step and epoch.</param>
    /// <param name="warn">Told of what is wrong and does not stop the run.</param>
    /// <param name="ranks">The processes that train it together; the session is that of rank 0. Null for one process.</param>
    public RunSession(
        LoadedConfig loaded, TrainingData data, Device device, RunFolder folder, Checkpoint? resumed, IRunObserver? display, Action<string> warn, ICollectives? ranks = null)
    {
        loaded = loaded.For(data);
        config = loaded.Config;
        yaml = YamlWriter.Write(loaded.Tree);
        fingerprint = data.Fingerprint;
        card = ModelCard.Of(loaded, data);
        trainSamples = data.Train;
        this.folder = folder;
        this.ranks = ranks;
        this.display = display;
        this.warn = warn;
        // A checkpoint has the weights: the file that they came from need not be there any more.
        Trainer = new Trainer(resumed is null ? config : config with { InitFrom = null }, data, device, this, ranks);
        // Who resumes a run was told when it began.
        foreach (string remark in resumed is not null ? [] : SettingsWithoutEffect.Remarks(config, Trainer.Network).Concat(SettingsWithoutEffect.Remarks(config, data.Train.Count, Trainer.TotalSteps)))
            warn(remark);
        foreach (string remark in TransferRemarks.Of(config, Trainer.Network, Trainer.Model.Transfer, isNew: resumed is null))
            warn(remark);
        if (config.Threads > 0 && device.Id != "cpu")
            warn($"threads: {config.Threads} are for the cpu device; {device.Id} has its own");
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
    }

    public Trainer Trainer { get; }

    /// <summary>What the black box found where the run stopped at a number that is not finite.</summary>
    public Finding? NonFinite { get; private set; }

    /// <summary>Units that are dead or saturated by now, layer by layer.</summary>
    public IReadOnlyList<IdleUnits> IdleUnits => health.Idle(Trainer);

    /// <summary>Trains to the end or until asked to stop, then leaves checkpoint, summary and weights.</summary>
    /// <param name="stop">Stops after the step that is being done.</param>
    /// <param name="until">Stops after this epoch.</param>
    public RunResult Run(CancellationToken stop, int until = int.MaxValue)
    {
        try
        {
            // A step of several ranks cannot be replayed from what one of them saw.
            if (config.Diagnostics.BlackBox && ranks is null)
                StartRecorder();
            if (Trainer.State.Step == 0)
                logs.AtStart(Trainer);
            if (config.Diagnostics.InitAudit && Trainer.State.Step == 0)
                Audit();
            RunResult result = Trainer.Run(stop, until);
            if (result.Status != RunStatus.Stopped)
                health.AtEnd(Trainer);
            if (result.Status == RunStatus.Stopped)
                Save(best: false);
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
        catch (NonFiniteException e) when (recorder is not null)
        {
            NonFiniteException explained = Explain(e);
            Finish("non-finite", null);
            throw explained;
        }
        catch (GpuGradException e)
        {
            Finish(e.Fault == Fault.NonFinite ? "non-finite" : "failed", null);
            throw;
        }
    }

    void IRunObserver.OnStep(Trainer trainer, in StepReport report)
    {
        Record(trainer);
        if (report.Step % config.Train.LogEvery == 0)
            LogStep(report);
        health.AfterStep(trainer, report);
        display?.OnStep(trainer, report);
        bool due = config.Checkpoint.Every > 0 && report.Step % config.Checkpoint.Every == 0;
        bool late = config.Checkpoint.Seconds > 0 && sinceCheckpoint.Elapsed.TotalSeconds >= config.Checkpoint.Seconds;
        // The end of an epoch is saved once its figures are known.
        if ((due || late) && report.Done < report.Samples)
            TrySave(best: false);
    }

    void IRunObserver.OnEpoch(Trainer trainer, EpochReport report)
    {
        LogEpoch(report);
        logs.AfterEpoch(trainer, report);
        bestIsNew = trainer.State.KeptEpoch == report.Epoch;
        display?.OnEpoch(trainer, report);
        health.AfterEpoch(trainer, report);
        TrySave(bestIsNew);
    }

    public void Dispose()
    {
        recorder?.Dispose();
        logs.Dispose();
        Trainer.Dispose();
    }

    // Nothing in the log depends on the clock: a resumed run's log is that of a run that never stopped, byte by byte.
    private void LogStep(in StepReport report)
    {
        double norm = report.Bound.GradientNorm;
        if (double.IsNaN(norm))
            logs.Append(LineKind.Step, ("step", report.Step), ("epoch", report.Epoch + 1), ("loss", report.Loss), ("lr", report.Rate));
        else
            logs.Append(LineKind.Step, ("step", report.Step), ("epoch", report.Epoch + 1), ("loss", report.Loss), ("lr", report.Rate), ("gradient_norm", norm));
    }

    private void LogEpoch(EpochReport report)
    {
        var line = new List<(string, MetricValue)> { ("step", report.Step), ("epoch", (long)report.Epoch), ("lr", report.Rate) };
        foreach ((string name, EpochFigures figures, EvaluationReport? all) in report.Sets)
        {
            line.Add(($"{name}_loss", figures.Loss));
            if (!double.IsNaN(figures.Accuracy))
                line.Add(($"{name}_accuracy", figures.Accuracy));
            foreach ((string figure, double value) in all?.Values ?? [])
            {
                if (figure != "accuracy" || double.IsNaN(figures.Accuracy))
                    line.Add(($"{name}_{figure}", value));
            }
        }
        logs.Append(LineKind.Epoch, [.. line]);
    }

    private void StartRecorder()
    {
        try
        {
            recorder = new FlightRecorder(Trainer.Model, Trainer.State.Step, folder.Path);
        }
        catch (StorageException e)
        {
            GoOnUnrecorded(e);
        }
    }

    private void Record(Trainer trainer)
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

    private void GoOnUnrecorded(StorageException e)
    {
        recorder?.Dispose();
        recorder = null;
        warn($"{e.Message} The run goes on without its black box (diagnostics.black-box): a step that goes wrong could not be replayed.");
    }

    // It needs memory of its own; a run that leaves none for it goes on without.
    private void Audit()
    {
        try
        {
            health.AtStart(Trainer);
            health.Raise(Trainer, InitAudit.Run(config, Trainer.Network, Trainer.Model.Device, trainSamples, card.Normalization, card.Shape, remedies, Trainer.Model).Alarms);
        }
        catch (GpuGradException e) when (e.Fault == Fault.Memory)
        {
            warn("No memory is left to measure the network's start (diagnostics.init-audit); the run goes on without.");
        }
    }

    // Nothing that goes wrong here may hide what went wrong there.
    private NonFiniteException Explain(NonFiniteException e)
    {
        try
        {
            IReadOnlyList<StepRecord> steps = recorder!.Rewind(Trainer, Trainer.LastStep!, out Snapshot state);
            StepBundle bundle = StepBundle.Of(card, trainSamples, steps, state, Trainer.Model.Device.Id);
            string name = $"nonfinite-step-{e.Step.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
            using (WorkFolder inside = folder.Folder.Inside(name))
                bundle.Save(inside);
            string path = Path.Combine(folder.Folder.Place.Now ?? folder.Path, name);
            Finding? finding = new StepReplay(bundle).Run(Trainer.Model.Device);
            NonFinite = finding;
            string told = finding?.ToString() ?? "a replay of the last steps found every number finite, so it depended on something outside: a fault of memory or device";
            health.Raise(Trainer, [FindingText.Alarm(e, finding, remedies, health.LongestStep, path)]);
            return e.With($"{told}; gpugrad replay {path} runs it again");
        }
        catch (Exception failure) when (failure is GpuGradException or IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            warn($"The step could not be replayed: {failure.Message}");
            return e;
        }
    }

    private void TrySave(bool best)
    {
        try
        {
            Save(best);
        }
        catch (StorageException e) when (!config.Checkpoint.Required)
        {
            Survive(e);
        }
    }

    private void Save(bool best)
    {
        if (Trainer.Model.Device.RunsAhead)
            Trainer.RequireFinite(); // no checkpoint is worth more than one whose weights are numbers
        sinceCheckpoint.Restart();
        (long length, Dictionary<string, long>? others) = logs.Sync();
        var checkpoint = new Checkpoint
        {
            State = Trainer.State,
            Config = yaml,
            DataFingerprint = fingerprint,
            Device = Checkpoint.NameOf(Trainer.Model.Device),
            MetricsLength = length,
            LogLengths = others,
            Parameters = ModelState.ParametersOf(Trainer.Model),
            Buffers = ModelState.BuffersOf(Trainer.Model),
        };
        try
        {
            folder.Checkpoints.Save(checkpoint, config.Checkpoint.Keep, best);
        }
        catch (StorageException)
        {
            folder.RequireInPlace(); // that a folder is gone says more than that a file cannot be made in it
            throw;
        }
        // It is saved in the run's own folder, wherever that lies now.
        folder.RequireInPlace(string.Create(System.Globalization.CultureInfo.InvariantCulture, $" after step {checkpoint.State.Step}, whose checkpoint is in it"));
    }

    private void Finish(string status, EpochReport? final)
    {
        try
        {
            if (status != "stopped")
                logs.AtEnd(Trainer, succeeded: status is "finished" or "early-stopped");
            logs.Sync();
            folder.WriteSummary(new RunSummary
            {
                Status = status,
                Device = Trainer.Model.Device.Id,
                Epochs = Trainer.State.Epoch,
                Steps = Trainer.State.Step,
                TrainLoss = final?.Train.Loss ?? Trainer.State.LastTrainLoss,
                TestLoss = final?.Test?.Loss,
                TestAccuracy = final?.Test is { } test && !double.IsNaN(test.Accuracy) ? test.Accuracy : null,
                ValidationLoss = final?.Validation?.Loss,
                ValidationAccuracy = final?.Validation is { } held && !double.IsNaN(held.Accuracy) ? held.Accuracy : null,
                BestEpoch = BestEpoch(),
                Run = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder.Path))),
                Metrics = final is null ? null : MetricsOf(final),
                InitFrom = config.InitFrom is null ? null : folder.ReadTransfer(),
                SamplesPerSecond = Trainer.Seconds > 0 ? Trainer.State.Samples / Trainer.Seconds : 0,
                WallSeconds = Trainer.Seconds,
                Ranks = ranks?.Size,
                MemoryExpected = Trainer.Model.ExpectedResident + (recorder is null ? 0 : FlightRecorder.MemoryFor(Trainer.Model)),
                MemoryPeak = PeakMemory(),
            });
        }
        catch (StorageException e) when (final is null)
        {
            Survive(e); // what ended the run matters more
        }
    }

    // A resumed run knows its earlier epochs from its log alone.
    private int? BestEpoch()
    {
        if (Trainer.State.KeptEpoch > 0)
            return Trainer.State.KeptEpoch;
        try
        {
            IReadOnlyList<LogLine> epochs = RunLog.Read(folder.Metrics).Epochs;
            Metric judged = Trainer.Judged;
            string figure = $"{judged.Set!.ToString()!.ToLowerInvariant()}_{judged.Figure}";
            return epochs.Count == 0 ? null : (int)epochs.MinBy(e => double.IsNaN(e[figure]) ? double.PositiveInfinity : judged.HigherIsBetter ? -e[figure] : e[figure])!["epoch"];
        }
        catch (GpuGradException)
        {
            return null; // a log that cannot be read says so when it is asked for
        }
    }

    private Dictionary<string, JsonElement> MetricsOf(EpochReport final)
    {
        // Where an epoch's end left figures out, they are computed once now.
        bool whole = (final.Validation is null || final.ValidationReport is not null) && (final.Test is null || final.TestReport is not null);
        var judged = whole ? null : Trainer.Judge();
        return final.Sets.ToDictionary(s => s.Name, s => Element(EvaluationJson.Of(s.Figures, s.Report ?? judged?.GetValueOrDefault(s.Name).Report, s.Name == "train" ? null : card.Input.AnswerNames)));
    }

    private static JsonElement Element(JsonNode node)
    {
        using var document = JsonDocument.Parse(node.ToJsonString());
        return document.RootElement.Clone();
    }

    private static long PeakMemory()
    {
        using Process self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64;
    }

    private void Survive(GpuGradException e) => warn($"{e.Message} The run goes on; what was saved before is unchanged.");
}
