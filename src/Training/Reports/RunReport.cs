using System.Globalization;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Diagnostics.Explanations;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Health;
using GpuGrad.Training.Pictures;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Reports;

/// <summary>Runs as one HTML page: curves, gradient flow, dead and saturated units, mistakes, config and machine.</summary>
public static class RunReport
{
    private const int WorstShown = 24;
    private const int MostClasses = 20;
    private const int MostActions = 20;

    /// <param name="runs">One, or several to be compared.</param>
    /// <param name="judgement">The first run's predictions for the test samples; null if there are none.</param>
    /// <param name="samples">Those samples.</param>
    /// <param name="evaluation">Their metrics and charts; null for none.</param>
    /// <param name="attention">Attention maps of the first run's network for some of them; null for none.</param>
    public static HtmlPage Page(IReadOnlyList<ReportedRun> runs, Judgement? judgement, SampleSet? samples, TestEvaluation? evaluation = null, IReadOnlyList<AttentionReading>? attention = null)
    {
        var page = new HtmlPage(string.Join(" · ", runs.Select(r => r.Name)));
        Overview(page, runs);
        Alarms(page, runs);
        page.Heading("Learning");
        page.Pictures(LogCharts.Curves(runs));
        foreach (ReportedRun run in runs.Where(r => r.Log.Health.Count > 0))
        {
            page.Heading(runs.Count > 1 ? $"Layer by layer: {run.Name}" : "Layer by layer");
            page.Pictures(LogCharts.Layers(run.Log));
        }
        if (evaluation is not null)
        {
            page.Heading("Metrics");
            page.Table([$"{evaluation.Set} samples", ""], evaluation.Report.Values.Select(v => new[] { v.Name.Replace('_', ' '), Text($"{v.Value:G5}") }), 1);
            page.Pictures(evaluation.Pictures);
        }
        if (attention?.Count > 0)
            AttentionPictures.AddTo(page, attention);
        if (judgement is not null)
            Mistakes(page, judgement, samples!);
        foreach (ReportedRun run in runs)
        {
            page.Heading(runs.Count > 1 ? $"Config and machine: {run.Name}" : "Config and machine");
            if (run.Manifest is RunManifest m)
                page.Table(["", ""], [["device", $"{m.Device}: {m.DeviceName}"], ["machine", $"{m.Machine}, {m.Processors} processors, {m.System}"], ["program", $"{m.Program}, {m.Runtime}"], ["driver", m.Driver ?? "none needed"], ["seed", Text(m.Seed)], ["data", m.DataFingerprint], ["started", m.Started.ToString("u", CultureInfo.InvariantCulture)]]);
            page.Preformatted(run.Config);
        }
        return page;
    }

    private static void Overview(HtmlPage page, IReadOnlyList<ReportedRun> runs) => page.Table(
        ["run", "status", "device", "epochs", "best", "steps", "train loss", "test loss", "test accuracy", "samples/s", "seconds"],
        runs.Select(r => r.Summary is RunSummary s
            ? new[] { r.Name, s.Status, s.Device, Text(s.Epochs), s.BestEpoch is int best ? Text(best) : "", Text(s.Steps), Text($"{s.TrainLoss:F4}"), s.TestLoss is double t ? Text($"{t:F4}") : "", s.TestAccuracy is double a ? Text($"{a * 100:F2} %") : "", Text($"{s.SamplesPerSecond:F0}"), Text($"{s.WallSeconds:F1}") }
            : [r.Name, "running", r.Manifest?.Device ?? "", Text(r.Log.Epochs.Count), "", Text(r.Log.Steps.LastOrDefault()?.Step ?? 0), "", "", "", "", ""]),
        3, 4, 5, 6, 7, 8, 9, 10);

    private static void Alarms(HtmlPage page, IReadOnlyList<ReportedRun> runs)
    {
        page.Heading("Alarms");
        (string Run, LogLine Line)[] all = [.. runs.SelectMany(r => r.Log.Alarms.Select(a => (r.Name, a)))];
        if (all.Length == 0)
        {
            page.Paragraph(runs.Any(r => r.Log.Health.Count > 0) ? "No alarms." : "No diagnostics were recorded (diagnostics.every is 0).");
        }
        // Not a table: in a narrow window sentences need the whole width.
        foreach ((string run, LogLine line) in all)
        {
            string where = (runs.Count > 1 ? run + ", " : "") + (line.Step > 0 ? $"step {Text(line.Step)}" : "before the first step");
            page.Paragraph($"{line.Texts["alarm"]} {line.Texts.GetValueOrDefault("title")}, {where}: {line.Texts.GetValueOrDefault("finding")}. {line.Texts.GetValueOrDefault("cause")} Try: {line.Texts.GetValueOrDefault("remedy")}.");
        }
        // Only the last remark about each layer: its counts include the earlier ones.
        foreach (IGrouping<string, (string Run, LogLine Line)> layer in runs.SelectMany(r => r.Log.Remarks.Select(l => (r.Name, l))).GroupBy(l => $"{l.Name} {l.l.Texts["remark"]} {l.l.Texts.GetValueOrDefault("layer")}"))
        {
            (string run, LogLine line) = layer.Last();
            string usual = line.Texts["remark"] == AlarmCatalog.DeadUnits ? " Up to a fifth of a layer's units is usual." : "";
            page.Paragraph($"Remark {line.Texts["remark"]}, {(runs.Count > 1 ? run + ", " : "")}step {Text(line.Step)}: {line.Texts.GetValueOrDefault("finding")}.{usual}");
        }
        foreach (ReportedRun run in runs.Where(r => r.Log.Actions.Count > 0))
        {
            IEnumerable<string> each = run.Log.Actions.Take(MostActions).Select(l => $"step {Text(l.Step)}, {l.Texts.GetValueOrDefault("finding")}");
            int more = run.Log.Actions.Count - MostActions;
            page.Paragraph($"Done about dead units (diagnostics.on-dead){(runs.Count > 1 ? ", " + run.Name : "")}: {string.Join("; ", each)}{(more > 0 ? $"; and {Text(more)} times more" : "")}.");
        }
    }

    private static void Mistakes(HtmlPage page, Judgement judgement, SampleSet samples)
    {
        int classes = judgement.Classes.Count, all = judgement.Confusion.Cast<int>().Sum();
        page.Heading("Mistakes");
        page.Paragraph(Text($"{judgement.Mistakes.Count:N0} of {all:N0} test samples are misclassified."));
        if (classes <= MostClasses)
        {
            var shares = new double[classes, classes];
            for (int label = 0; label < classes; label++)
            {
                int row = Enumerable.Range(0, classes).Sum(c => judgement.Confusion[label, c]);
                for (int c = 0; c < classes; c++)
                    shares[label, c] = row == 0 ? double.NaN : Math.Round(100.0 * judgement.Confusion[label, c] / row, 1);
            }
            page.Wide(new HeatMap { Title = "Confusion matrix", Values = shares, RowNames = judgement.Classes, ColumnNames = judgement.Classes, X = "predicted", Y = "true class", ShowNumbers = true, Remark = "Percentage of each true class (row) that was predicted as each class (column)." });
        }
        (int Label, int Predicted, int Count)[] pairs = [.. judgement.Mistakes.GroupBy(m => (m.Label, m.Predicted)).Select(g => (g.Key.Label, g.Key.Predicted, g.Count())).OrderByDescending(p => p.Item3).ThenBy(p => p.Label).Take(8)];
        if (pairs.Length > 0)
            page.Table(["true class", "predicted", "count"], pairs.Select(p => new[] { judgement.Classes[p.Label], judgement.Classes[p.Predicted], Text(p.Count) }), 2);
        Mistake[] worst = [.. judgement.Mistakes.Take(WorstShown)];
        if (worst.Length == 0)
            return;
        page.Paragraph("The worst mistakes: those with the highest confidence in a wrong class.");
        if (samples.Shape.Rank == 3 && samples.Shape[0] is 1 or 3)
            page.Images(worst.Select(m => (PngWriter.Write(SamplePicture.Draw(samples, m.Index)), Text($"{judgement.Classes[m.Label]}, predicted {judgement.Classes[m.Predicted]} ({m.Confidence:G2})"))));
        else
            page.Table(["sample", "true class", "predicted", "score"], worst.Select(m => new[] { Text(m.Index), judgement.Classes[m.Label], judgement.Classes[m.Predicted], Text($"{m.Confidence:G3}") }), 0, 3);
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
