using GpuGrad.Training.Data;

namespace GpuGrad.Training.Evaluation;

/// <summary>Metrics for masks: counts of true against predicted classes of pixels, summed batch by batch. Definitions are scikit-learn's.</summary>
/// <param name="samples">The samples, with their masks.</param>
/// <param name="classes">Number of classes.</param>
internal sealed class MaskEvaluation(SampleSet samples, int classes) : IEvaluation
{
    private readonly long[,] confusion = new long[classes, classes];

    // The first samples may have no known label.
    public int SamplesThatTell => 32;

    /// <summary>Adds the scores of the next samples.</summary>
    /// <param name="first">Index of the first of them.</param>
    /// <param name="scores">Scores [n, K, H, W]; for two classes also [n, 1, H, W], the second against the first.</param>
    /// <param name="size">K·H·W.</param>
    public void Add(int first, ReadOnlySpan<float> scores, int size)
    {
        int places = samples.AnswerShape!.Value.Count;
        for (int n = 0; n < scores.Length / size; n++)
        {
            ReadOnlySpan<float> sample = scores.Slice(n * size, size);
            ReadOnlySpan<byte> mask = samples.Mask.AsSpan((first + n) * places, places);
            for (int i = 0; i < places; i++)
            {
                if (mask[i] != SampleSet.Ignored)
                    confusion[mask[i], Highest(sample, i, places)]++;
            }
        }
    }

    /// <summary>The metrics; null if no pixel has a class.</summary>
    public EvaluationReport? Report()
    {
        ClassFigures[] perClass = [.. Enumerable.Range(0, classes).Select(c => ClassEvaluation.OfClass(confusion, c, classes))];
        ClassFigures[] occurring = [.. perClass.Where(c => c.Support + c.Predicted > 0)];
        long pixels = perClass.Sum(c => c.Support);
        if (pixels == 0)
            return null;
        var values = new List<(string, double)>
        {
            ("accuracy", (double)perClass.Sum(c => c.Correct) / pixels),
            ("balanced_accuracy", perClass.Where(c => c.Support > 0).Average(c => c.Recall)),
            ("mean_iou", occurring.Average(c => c.Iou)),
            ("mean_dice", occurring.Average(c => c.F1)),
        };
        if (classes == 2)
            values.AddRange([("iou", perClass[1].Iou), ("dice", perClass[1].F1), ("precision", perClass[1].Precision), ("recall", perClass[1].Recall)]);
        return new EvaluationReport { Values = values, PerClass = perClass, Confusion = confusion, AreRegions = true };
    }

    /// <summary>The class with the highest score at a pixel; the first one in a tie. For a single score, the second class if it is above 0.</summary>
    /// <param name="scores">Scores [K, H, W].</param>
    /// <param name="place">Index of the pixel, below H·W.</param>
    /// <param name="places">H·W.</param>
    public static int Highest(ReadOnlySpan<float> scores, int place, int places)
    {
        if (scores.Length == places)
            return scores[place] > 0 ? 1 : 0;
        int best = 0;
        for (int c = 1; c < scores.Length / places; c++)
            best = scores[(c * places) + place] > scores[(best * places) + place] ? c : best;
        return best;
    }
}
