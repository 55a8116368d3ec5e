using GpuGrad.Training.Config;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Logs;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Runs;

/// <summary>Writes a run's metrics to its logs. None of them depends on the clock: a resumed run's log equals that of an uninterrupted run, byte for byte.</summary>
internal sealed class FigureLog(RunConfig config, RunLogs logs)
{
    /// <summary>Logs loss, learning rate and gradient norm every <c>log-every</c> steps.</summary>
    public void AfterStep(in StepReport report)
    {
        if (report.Step % config.Train.LogEvery != 0)
            return;
        double norm = report.Bound.GradientNorm;
        if (double.IsNaN(norm))
            logs.Append(LineKind.Step, ("step", report.Step), ("epoch", report.Epoch + 1), ("loss", report.Loss), ("lr", report.Rate));
        else
            logs.Append(LineKind.Step, ("step", report.Step), ("epoch", report.Epoch + 1), ("loss", report.Loss), ("lr", report.Rate), ("gradient_norm", norm));
    }

    /// <summary>Logs the metrics of every set.</summary>
    public void AfterEpoch(EpochReport report)
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
}
