using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Pictures;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Reports;

/// <summary>Charts of a network's quality: calibration of its probabilities, errors of its regression outputs.</summary>
public static class EvaluationPictures
{
    private const int MostPoints = 600;
    private const int MostTargets = 4;

    /// <summary>Confidence against accuracy; a well calibrated classifier is on the diagonal.</summary>
    public static Drawing Reliability(IReadOnlyList<ReliabilityBin> bins)
    {
        ReliabilityBin[] there = [.. bins.Where(b => b.Samples > 0)];
        double[] edges = [.. Enumerable.Range(0, bins.Count + 1).Select(i => (double)i / bins.Count)];
        return new LineChart
        {
            Title = "Reliability",
            X = new Axis("confidence", Min: 0, Max: 1),
            Y = new Axis("accuracy", Min: 0, Max: 1),
            Series =
            [
                new Series("perfect calibration", [0, 1], [0, 1]) { Style = LineStyle.Dashed, Color = 7 },
                new Series("accuracy", [.. there.Select(b => b.Confidence)], [.. there.Select(b => b.Accuracy)]) { Color = 0 },
                new Series("", [.. there.Select(b => b.Confidence)], [.. there.Select(b => b.Accuracy)]) { Style = LineStyle.Points, Color = 0 },
            ],
            Background = new Bars("samples", edges, [.. bins.Select(b => (double)b.Samples)], 0.5),
            Remark = "The highest probability of each sample, in 15 bins, against the share of them that is correct. Below the dashed line the network is overconfident.",
        };
    }

    /// <summary>Predicted over true values, one chart per target.</summary>
    /// <param name="samples">The samples, with their targets.</param>
    /// <param name="predicted">The network's output for each.</param>
    /// <param name="names">Names of the targets; null for none.</param>
    public static IEnumerable<Drawing> PredictedOverTrue(SampleSet samples, IReadOnlyList<IReadOnlyList<double>> predicted, IReadOnlyList<string>? names)
    {
        int step = Math.Max(1, (samples.Count + MostPoints - 1) / MostPoints);
        int[] shown = [.. Enumerable.Range(0, samples.Count).Where(i => i % step == 0)];
        for (int target = 0; target < Math.Min(samples.TargetSize, MostTargets); target++)
        {
            double[] x = [.. shown.Select(i => (double)samples.Targets![((long)i * samples.TargetSize) + target])], y = [.. shown.Select(i => predicted[i][target])];
            double low = x.Min(), high = x.Max();
            yield return new LineChart
            {
                Title = $"Predicted and true: {names?.ElementAtOrDefault(target) ?? (samples.TargetSize == 1 ? "target" : $"target {target.ToString(System.Globalization.CultureInfo.InvariantCulture)}")}",
                X = new Axis("true"),
                Y = new Axis("predicted"),
                Series = [new Series("equal", [low, high], [low, high]) { Style = LineStyle.Dashed, Color = 7 }, new Series("samples", x, y) { Style = LineStyle.Points, Color = 0 }],
                Remark = step == 1 ? "" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"One in {step} of {samples.Count:N0} samples."),
            };
        }
    }
}

/// <summary>Evaluation of a trained network on some samples.</summary>
/// <param name="Set">The samples: test or validation.</param>
/// <param name="Report">All metrics.</param>
/// <param name="Pictures">Charts of the evaluation.</param>
public sealed record TestEvaluation(string Set, EvaluationReport Report, IReadOnlyList<Drawing> Pictures)
{
    /// <summary>Null if the outputs are not finite, or too many to keep.</summary>
    public static TestEvaluation? Of(TrainedModel trained, SampleSet samples, string set, Device device)
    {
        RunConfig config = trained.Config;
        using var model = new Model(config, trained.Network, device);
        trained.Load(model);
        var source = new BatchSource(set, samples, trained.Card.Normalization, batch: config.Data.Batch);
        source.Upload(model.DeviceMemory);
        model.Prepare(null, [source], config.Data.Batch);
        if (Evaluator.Run(model, config.Loss, source, samples, trained.Card.Shape.Classes, config.Data.Batch).Report is not { } report)
            return null;
        var pictures = new List<Drawing>();
        if (report.Reliability is { } bins)
            pictures.Add(EvaluationPictures.Reliability(bins));
        if (!double.IsNaN(report["rmse"]))
            pictures.AddRange(EvaluationPictures.PredictedOverTrue(samples, [.. new Predictor(config, trained.Card, trained.Load).Predict(samples, device).Select(p => p.Values)], trained.Card.Input.Columns?.Targets.Select(t => trained.Card.Input.Columns.Columns[t].Name).ToArray()));
        return new TestEvaluation(set, report, pictures);
    }
}
