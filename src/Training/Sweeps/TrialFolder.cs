using GpuGrad.Training.Reports;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Sweeps;

/// <summary>Reads the state of a trial from its run folder.</summary>
public static class TrialFolder
{
    /// <summary>The result after some epochs; null if the run has not reached them.</summary>
    /// <param name="path">The run folder.</param>
    /// <param name="plan">The sweep.</param>
    /// <param name="epochs">Later epochs are ignored.</param>
    public static TrialResult? Read(string path, SweepPlan plan, int epochs)
    {
        if (!RunFolder.IsRun(path))
            return null;
        LogLine[] lines = [.. RunLog.Read(Path.Combine(path, "metrics.jsonl")).Epochs.Where(e => e["epoch"] <= epochs)];
        int trained = lines.Length == 0 ? 0 : (int)lines.Max(l => l["epoch"]);
        string summary = Path.Combine(path, "summary.json");
        string status = File.Exists(summary) ? RunSummary.Read(summary).Status : "";
        if (status == "non-finite")
            return new TrialResult(null, trained, $"the loss was no finite number after {trained} epochs", 4);
        bool over = status == "early-stopped" || (status == "finished" && epochs >= plan.Base.Config.Train.Epochs);
        if (trained < epochs && !over)
            return null;
        // The whole training counts once its weights exist.
        if (epochs >= plan.Rungs[^1] && !over)
            return null;
        double[] values = [.. lines.Select(l => l[plan.Figure]).Where(v => !double.IsNaN(v))];
        return values.Length == 0
            ? new TrialResult(null, trained, $"its epochs have no {plan.Monitor}", 3)
            : new TrialResult(plan.Monitor.HigherIsBetter ? values.Max() : values.Min(), trained);
    }
}
