namespace GpuGrad.Training.Evaluation;

/// <summary>Metrics that depend only on the order of scores, for positives against negatives.</summary>
internal static class RankFigures
{
    /// <summary>
    /// Area under the receiver operating characteristic: the chance that a positive scores higher than a negative, ties counting half
    /// (<c>sklearn.metrics.roc_auc_score</c>); and average precision, Σ (Rₙ - Rₙ₋₁)·Pₙ over the distinct scores from the highest down
    /// (<c>sklearn.metrics.average_precision_score</c>). NaN if there is no positive or no negative sample.
    /// </summary>
    public static (double RocAuc, double AveragePrecision) Of(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        var order = new int[scores.Length];
        var keys = new double[scores.Length];
        for (int i = 0; i < order.Length; i++)
            (order[i], keys[i]) = (i, -scores[i]);
        Array.Sort(keys, order);
        long positives = positive.Count(true), negatives = scores.Length - positives;
        if (positives == 0 || negatives == 0)
            return (double.NaN, double.NaN);
        double above = 0, precision = 0;
        long truePositives = 0, falsePositives = 0;
        for (int begin = 0, end; begin < order.Length; begin = end)
        {
            long more = 0;
            for (end = begin; end < order.Length && keys[end] == keys[begin]; end++)
                more += positive[order[end]] ? 1 : 0;
            long others = end - begin - more;
            above += others * (truePositives + (more / 2.0));
            truePositives += more;
            falsePositives += others;
            precision += more * ((double)truePositives / (truePositives + falsePositives));
        }
        return (above / positives / negatives, precision / positives);
    }
}
