using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Tools;

/// <summary>Turns a network's outputs into a prediction: classes with probabilities, numbers in the targets' unit, masks, images.</summary>
/// <param name="config">The experiment.</param>
/// <param name="card">Fitted in training.</param>
/// <param name="threshold">Probability above which a pixel is of the second of two classes; null for the likelier one.</param>
internal sealed class PredictionReader(RunConfig config, ModelCard card, double? threshold = null)
{
    /// <param name="scores">The outputs for one sample.</param>
    public Prediction Of(double[] scores)
    {
        if (card.Shape.MaskShape is { } mask)
            return new Prediction(null, null, Classes(scores, mask.Count, card.Shape.Classes == 2 ? threshold : null)) { Map = mask };
        if (card.Shape.HasPositionClasses)
            return OfSteps(scores, card.Shape.Classes);
        double[] values = card.Shape is { Classes: 0, Answer: { Rank: 3 } map }
            ? OutputMeaning.OfMaps(config.Loss.Output, scores, map[0], map.Count / map[0])
            : OutputMeaning.Of(config.Loss.Output, scores, scores.Length);
        card.Normalization.Targets?.Undo(values);
        if (card.Shape.Classes == 0)
            return new Prediction(null, null, values) { Map = card.Shape.Answer };
        // A single number for two classes is that of the second.
        if (scores.Length == 1 && card.Shape.Classes == 2)
            values = [1 - values[0], values[0]];
        int label = Array.IndexOf(values, values.Max());
        return new Prediction(label, card.ClassNames?[label], values);
    }

    // scores [T, K]
    private Prediction OfSteps(double[] scores, int classes)
    {
        double[] labels = [.. scores.Chunk(classes).Select(step => Array.TrueForAll(step, double.IsFinite) ? Array.IndexOf(step, step.Max()) : double.NaN)];
        return new Prediction(null, null, labels) { Tags = [.. labels.Select(l => double.IsNaN(l) ? "NaN" : card.ClassNames?[(int)l] ?? ((int)l).ToString(CultureInfo.InvariantCulture))] };
    }

    // Scores [K, H, W]; for two classes also [1, H, W], the second against the first.
    private static double[] Classes(double[] scores, int places, double? threshold)
    {
        float[] all = Array.ConvertAll(scores, s => (float)s);
        if (!Array.TrueForAll(all, float.IsFinite))
            return [.. Enumerable.Repeat(double.NaN, places)];
        // The second class has probability 1 / (1 + exp(-d)), where d is its score minus the first's.
        return [.. Enumerable.Range(0, places).Select(i => threshold is double t
            ? OutputMeaning.Of(OutputKind.BinaryLogits, scores.Length == places ? scores[i] : scores[places + i] - scores[i]) > t ? 1.0 : 0
            : MaskEvaluation.Highest(all, i, places))];
    }
}
