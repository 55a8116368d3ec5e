using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Rows;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Health;

/// <summary>
/// The training loss of the best constant prediction: the classes' shares, the targets' mean. A network whose loss
/// stays there has learned nothing from its inputs. The loss of an untrained network,
/// <see cref="LossConfig.ExpectedAtStart"/>, is never lower.
/// </summary>
internal static class GuessLoss
{
    private const int MostSamples = 20_000;

    /// <summary>Null for losses without a closed form.</summary>
    public static double? Of(LossConfig loss, SampleSet samples, int classes, Normalization? scaling = null, Sampling sampling = Sampling.Uniform)
    {
        if (scaling is not null)
            samples = Scaled(samples, scaling);
        int step = Math.Max(1, samples.Count / MostSamples);
        return loss switch
        {
            SoftmaxCrossEntropyConfig softmax when samples.Labels is not null => CrossEntropy(softmax, Shares(samples.Labels, classes, sampling)),
            SoftmaxCrossEntropyConfig softmax when samples.PositionLabelRows is not null => CrossEntropy(softmax, PositionShares(samples.PositionLabelRows, classes)),
            SoftmaxCrossEntropyConfig softmax when samples.PositionLabels is not null => CrossEntropy(softmax, PositionShares(samples.PositionLabels, classes)),
            SoftmaxCrossEntropyConfig softmax when samples.Mask is not null => PixelShares(samples.Mask, classes, 50 * MostSamples) is { } shares ? CrossEntropy(softmax, shares) : null,
            HingeFamilyConfig => loss.ExpectedAtStart(new DataShape(samples.Shape, classes)),
            _ when sampling == Sampling.Balanced => null,
            _ => Mean(loss, Columns(samples, classes, step)),
        };
    }

    private static SampleSet Scaled(SampleSet samples, Normalization scaling)
    {
        double[] targets = Array.ConvertAll(samples.Targets!, t => (double)t);
        scaling.Apply(targets, 0, 1);
        return samples with { Targets = Array.ConvertAll(targets, t => (float)t) };
    }

    /// <summary>The share of each class among samples, or among the pixels of their masks; empty without classes.</summary>
    public static IReadOnlyList<double> SharesOf(SampleSet samples, int classes)
    {
        if (samples.Labels is int[] labels)
            return Shares(labels, classes);
        if (samples.PositionLabelRows is { } positions)
            return PositionShares(positions, classes);
        if (samples.PositionLabels is { } each)
            return PositionShares(each, classes);
        return samples.Mask is { } mask && classes > 0 ? PixelShares(mask, classes, int.MaxValue) ?? [] : [];
    }

    /// <summary>The share of each class among labels, as they are sampled.</summary>
    public static double[] Shares(int[] labels, int classes, Sampling sampling = Sampling.Uniform)
    {
        var counts = new double[classes];
        foreach (int label in labels)
            counts[label]++;
        if (sampling == Sampling.Uniform)
            return [.. counts.Select(c => c / labels.Length)];
        int there = counts.Count(c => c > 0);
        return [.. counts.Select(c => c > 0 ? 1.0 / there : 0)];
    }

    private static double[] PositionShares(IPositionLabels labels, int classes)
    {
        var counts = new long[classes];
        labels.AddCounts(counts);
        double all = counts.Sum();
        return [.. counts.Select(c => c / all)];
    }

    private static double[] PositionShares(int[] labels, int classes) => Shares([.. labels.Where(l => l >= 0)], classes);

    // Shares of the pixels with a class; null if there are none.
    private static double[]? PixelShares(byte[] mask, int classes, int most)
    {
        var counts = new double[classes];
        int step = Math.Max(1, mask.Length / most);
        for (int i = 0; i < mask.Length; i += step)
        {
            if (mask[i] < classes)
                counts[mask[i]]++;
        }
        double all = counts.Sum();
        return all > 0 ? [.. counts.Select(c => c / all)] : null;
    }

    private static double CrossEntropy(SoftmaxCrossEntropyConfig loss, double[] shares)
    {
        double[] weighted = [.. shares.Select((s, c) => s * (loss.ClassWeights?[c] ?? 1))];
        double sum = weighted.Sum();
        return Entropy(weighted.Select(w => ((1 - loss.LabelSmoothing) * w / sum) + (loss.LabelSmoothing / shares.Length)));
    }

    private static double Entropy(IEnumerable<double> shares) => -shares.Where(p => p > 0).Sum(p => p * Math.Log(p));

    private static double? Mean(LossConfig loss, IReadOnlyList<double[]> columns)
    {
        double[] losses = [.. columns.Select((c, i) => Column(loss, c, columns.Count == 1 ? null : i))];
        if (losses.Length == 0 || losses.Any(l => !double.IsFinite(l)))
            return null;
        return loss is NumberLoss<HalfSquaredError> ? losses.Sum() : losses.Average();
    }

    private static double Column(LossConfig loss, double[] values, int? label)
    {
        double mean = values.Average();
        return loss switch
        {
            NumberLoss<HalfSquaredError> => 0.5 * values.Average(v => (v - mean) * (v - mean)),
            NumberLoss<MeanSquaredError> => values.Average(v => (v - mean) * (v - mean)),
            NumberLoss<MeanAbsoluteError> => DistanceFrom(Quantile.Median(values), values),
            HuberConfig huber => values.Average(v => Math.Abs(v - mean) <= huber.Delta ? 0.5 * (v - mean) * (v - mean) : huber.Delta * (Math.Abs(v - mean) - (0.5 * huber.Delta))),
            BinaryCrossEntropyConfig binary => Binary(mean, binary.WeightOf(label)),
            _ => double.NaN,
        };
    }

    // The best constant probability is w·p/(w·p + 1 - p).
    private static double Binary(double share, double weight)
    {
        double sum = (weight * share) + 1 - share;
        return sum * Entropy([weight * share / sum, (1 - share) / sum]);
    }

    private static double DistanceFrom(double centre, double[] values) => values.Average(v => Math.Abs(v - centre));

    // The targets of a subset of the samples, one array per target; labels as 0 and 1.
    private static IReadOnlyList<double[]> Columns(SampleSet samples, int classes, int step)
    {
        int[] rows = [.. Enumerable.Range(0, samples.Count / step).Select(i => i * step)];
        if (samples.AnswerShape is not null)
            return []; // a median per pixel would take longer than it is worth
        if (samples.Targets is float[] targets)
            return [.. Enumerable.Range(0, samples.TargetSize).Select(t => rows.Select(r => (double)targets[((long)r * samples.TargetSize) + t]).ToArray())];
        return samples.Labels is int[] labels
            ? [.. Enumerable.Range(classes == 2 ? 1 : 0, classes == 2 ? 1 : classes).Select(c => rows.Select(r => labels[r] == c ? 1.0 : 0).ToArray())]
            : [];
    }
}
