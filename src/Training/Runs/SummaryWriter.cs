using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Config;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Reports;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Runs;

/// <summary>Writes <c>summary.json</c>, the outcome of a run.</summary>
/// <param name="config">The experiment.</param>
/// <param name="folder">The run folder.</param>
/// <param name="card">Names of the classes or targets.</param>
/// <param name="ranks">Number of processes that trained together; null for one.</param>
internal sealed class SummaryWriter(RunConfig config, RunFolder folder, ModelCard card, int? ranks)
{
    /// <param name="trainer">The trainer at the end of the run.</param>
    /// <param name="status">How it ended.</param>
    /// <param name="final">The metrics of the final weights; null if they are not known.</param>
    /// <param name="isRecording">Whether the black box holds memory.</param>
    /// <exception cref="StorageException">The summary could not be written.</exception>
    public void Write(Trainer trainer, string status, EpochReport? final, bool isRecording)
    {
        folder.WriteSummary(new RunSummary
        {
            Status = status,
            Device = trainer.Model.Device.Id,
            Epochs = trainer.State.Epoch,
            Steps = trainer.State.Step,
            TrainLoss = final?.Train.Loss ?? trainer.State.LastTrainLoss,
            TestLoss = final?.Test?.Loss,
            TestAccuracy = final?.Test is { } test && !double.IsNaN(test.Accuracy) ? test.Accuracy : null,
            ValidationLoss = final?.Validation?.Loss,
            ValidationAccuracy = final?.Validation is { } held && !double.IsNaN(held.Accuracy) ? held.Accuracy : null,
            BestEpoch = BestEpoch(trainer),
            Run = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder.Path))),
            Metrics = final is null ? null : MetricsOf(trainer, final),
            InitFrom = config.InitFrom is null ? null : folder.ReadTransfer(),
            SamplesPerSecond = trainer.Seconds > 0 ? trainer.State.Samples / trainer.Seconds : 0,
            WallSeconds = trainer.Seconds,
            Ranks = ranks,
            MemoryExpected = trainer.Model.ExpectedResident + (isRecording ? FlightRecorder.MemoryFor(trainer.Model) : 0),
            MemoryPeak = PeakMemory(),
        });
    }

    // A resumed run knows its earlier epochs only from its log.
    private int? BestEpoch(Trainer trainer)
    {
        if (trainer.State.KeptEpoch > 0)
            return trainer.State.KeptEpoch;
        try
        {
            IReadOnlyList<LogLine> epochs = RunLog.Read(folder.Metrics).Epochs;
            Metric judged = trainer.Judged;
            string figure = $"{judged.Set!.ToString()!.ToLowerInvariant()}_{judged.Figure}";
            return epochs.Count == 0 ? null : (int)epochs.MinBy(e => double.IsNaN(e[figure]) ? double.PositiveInfinity : judged.HigherIsBetter ? -e[figure] : e[figure])!["epoch"];
        }
        catch (GpuGradException)
        {
            return null; // an unreadable log is reported when it is requested
        }
    }

    private Dictionary<string, JsonElement> MetricsOf(Trainer trainer, EpochReport final)
    {
        // Metrics that the end of the epoch left out are computed once now.
        bool whole = (final.Validation is null || final.ValidationReport is not null) && (final.Test is null || final.TestReport is not null);
        var judged = whole ? null : trainer.Judge();
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
}
