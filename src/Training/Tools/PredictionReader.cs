using GpuGrad.Training.Config;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Tools;

/// <summary>From a network's outputs to what it says of a sample: classes with probabilities, numbers in the targets' unit, maps.</summary>
internal sealed class PredictionReader(RunConfig config, ModelCard card)
{
    /// <param name="scores">The outputs for one sample.</param>
    public Prediction Of(double[] scores)
    {
        if (card.Shape.MaskShape is { } mask)
            return new Prediction(null, null, Classes(scores, mask.Count)) { Map = mask };
        double[] values = card.Shape is { Classes: 0, Answer: { Rank: 3 } map }
            ? OutputMeaning.OfMaps(config.Loss.Output, scores, map[0], map.Count / map[0])
            : OutputMeaning.Of(config.Loss.Output, scores, scores.Length);
        card.Normalization.Targets?.Undo(values);
        if (card.Shape.Classes == 0)
            return new Prediction(null, null, values) { Map = card.Shape.Answer };
        // One number for two classes says how much it is the second.
        if (scores.Length == 1 && card.Shape.Classes == 2)
            values = [1 - values[0], values[0]];
        int label = Array.IndexOf(values, values.Max());
        return new Prediction(label, card.ClassNames?[label], values);
    }

    private static double[] Classes(double[] scores, int places)
    {
        float[] all = Array.ConvertAll(scores, s => (float)s);
        bool finite = Array.TrueForAll(all, float.IsFinite);
        return [.. Enumerable.Range(0, places).Select(i => finite ? MaskEvaluation.Highest(all, i, places) : double.NaN)];
    }
}
