using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Data;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Reports;

/// <summary>A trained classifier's predictions for labelled samples.</summary>
/// <param name="Classes">Names of the classes.</param>
/// <param name="Confusion">Counts by true class (row) and predicted class (column).</param>
/// <param name="Mistakes">The wrong predictions, the worst first.</param>
public sealed record Judgement(IReadOnlyList<string> Classes, int[,] Confusion, IReadOnlyList<Mistake> Mistakes)
{
    public static Judgement Of(TrainedModel trained, SampleSet samples, IReadOnlyList<string>? names, Device device)
    {
        int classes = trained.Card.Shape.Classes;
        IReadOnlyList<Prediction> predictions = new Predictor(trained.Config, trained.Card, trained.Load).Predict(samples, device);
        var confusion = new int[classes, classes];
        var mistakes = new List<Mistake>();
        for (int i = 0; i < predictions.Count; i++)
        {
            (int label, int predicted) = (samples.Labels![i], predictions[i].Label!.Value);
            confusion[label, predicted]++;
            if (label != predicted)
                mistakes.Add(new Mistake(i, label, predicted, predictions[i].Values[predicted], predictions[i].Values[predicted] - predictions[i].Values[label]));
        }
        return new Judgement(
            names ?? [.. Enumerable.Range(0, classes).Select(c => c.ToString(System.Globalization.CultureInfo.InvariantCulture))],
            confusion, [.. mistakes.OrderByDescending(m => m.Badness).ThenBy(m => m.Index)]);
    }
}
