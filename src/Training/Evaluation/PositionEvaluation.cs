using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Evaluation;

/// <summary>Metrics for sequences with a class per position, summed batch by batch; positions without a class are ignored.</summary>
/// <param name="samples">The samples, with the classes of their positions.</param>
/// <param name="areLogits">Whether softmax makes probabilities of the scores.</param>
internal sealed class PositionEvaluation(SampleSet samples, bool areLogits) : IEvaluation
{
    // Largest confusion matrix; a larger one is more than anybody reads.
    private const int MostConfused = 256;

    private readonly EntityCounts? entities = samples.TagNames is { } tags && EntityCounts.Are(tags) ? new EntityCounts(tags) : null;

    private long[,]? confusion;
    private double loss;
    private long right, positions;

    // A sample's outputs are large: a score for each class at each step.
    public int SamplesThatTell => 1;

    /// <summary>Adds the scores of the next samples.</summary>
    /// <param name="first">Index of the first of them.</param>
    /// <param name="scores">Scores [n, T, K].</param>
    /// <param name="size">T·K.</param>
    public void Add(int first, ReadOnlySpan<float> scores, int size)
    {
        int steps = samples.AnswerShape!.Value[0], classes = size / steps, count = scores.Length / size;
        if (samples.CharactersPerToken is null && classes <= MostConfused)
            confusion ??= new long[classes, classes];
        float[] all = scores.ToArray();
        var each = new (double Loss, long Right, long Positions)[count];
        var predicted = new int[confusion is null ? 0 : count * steps];
        Concurrently.For(count, n =>
        {
            var labels = new int[steps];
            Labels(first + n, labels);
            for (int t = 0; t < steps; t++)
            {
                if (labels[t] < 0)
                    continue;
                ReadOnlySpan<float> row = all.AsSpan((n * size) + (t * classes), classes);
                (int best, double lost) = Judge(row, labels[t]);
                each[n] = (each[n].Loss + lost, each[n].Right + (best == labels[t] ? 1 : 0), each[n].Positions + 1);
                if (confusion is not null)
                    predicted[(n * steps) + t] = best;
            }
        });
        for (int n = 0; n < count; n++)
            (loss, right, positions) = (loss + each[n].Loss, right + each[n].Right, positions + each[n].Positions);
        if (confusion is not null)
            Confuse(first, predicted, steps, count);
    }

    /// <summary>The metrics; null if no position has a class.</summary>
    public EvaluationReport? Report()
    {
        if (positions == 0)
            return null;
        var values = new List<(string, double)> { ("accuracy", (double)right / positions) };
        ClassFigures[]? perClass = null;
        if (confusion is { } table)
        {
            perClass = [.. Enumerable.Range(0, table.GetLength(0)).Select(c => ClassEvaluation.OfClass(table, c, table.GetLength(0)))];
            ClassEvaluation.AddAverages(values, perClass);
        }
        double mean = loss / positions;
        if (confusion is not null && entities?.Figures is { } found)
            values.AddRange([("entity_precision", found.Precision), ("entity_recall", found.Recall), ("entity_f1", found.F1)]);
        if (areLogits)
            values.Add(("log_loss", mean));
        if (areLogits && samples.TagNames is null)
            values.Add(("perplexity", Math.Exp(mean)));
        if (areLogits && samples.CharactersPerToken is double characters)
            values.Add(("bits_per_character", mean / Math.Log(2) / characters));
        return new EvaluationReport { Values = values, PerClass = perClass, Confusion = confusion };
    }

    private void Confuse(int first, int[] predicted, int steps, int count)
    {
        var labels = new int[steps];
        for (int n = 0; n < count; n++)
        {
            Labels(first + n, labels);
            entities?.Add(labels, predicted.AsSpan(n * steps, steps));
            for (int t = 0; t < steps; t++)
            {
                if (labels[t] >= 0)
                    confusion![labels[t], predicted[(n * steps) + t]]++;
            }
        }
    }

    private (int Best, double Loss) Judge(ReadOnlySpan<float> row, int label)
    {
        int best = 0;
        for (int c = 1; c < row.Length; c++)
            best = row[c] > row[best] ? c : best;
        if (!areLogits)
            return (best, 0);
        double sum = 0;
        foreach (float score in row)
            sum += Math.Exp(score - row[best]);
        return (best, row[best] - (double)row[label] + Math.Log(sum));
    }

    private void Labels(int sample, Span<int> labels)
    {
        if (samples.PositionLabelRows is { } rows)
            rows.ReadLabels(sample, labels);
        else
            samples.PositionLabels.AsSpan(sample * labels.Length, labels.Length).CopyTo(labels);
    }
}
