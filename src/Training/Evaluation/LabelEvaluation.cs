namespace GpuGrad.Training.Evaluation;

/// <summary>Metrics for samples with any number of labels each. Definitions are scikit-learn's.</summary>
internal static class LabelEvaluation
{
    /// <param name="logits">Logits [N, L]; above 0 a label is predicted.</param>
    /// <param name="truth">True labels [N, L].</param>
    /// <param name="labels">L.</param>
    public static EvaluationReport Of(double[] logits, bool[] truth, int labels)
    {
        int samples = truth.Length / labels;
        ClassFigures[] perLabel = [.. Enumerable.Range(0, labels).Select(l => OfLabel(logits, truth, labels, l))];
        long wrong = 0, whole = 0;
        double loss = 0, each = 0;
        for (int i = 0; i < samples; i++)
        {
            long before = wrong, right = 0, named = 0;
            for (int at = i * labels; at < (i + 1) * labels; at++)
            {
                wrong += logits[at] > 0 != truth[at] ? 1 : 0;
                right += logits[at] > 0 && truth[at] ? 1 : 0;
                named += (logits[at] > 0 ? 1 : 0) + (truth[at] ? 1 : 0);
                loss += SoftPlus(truth[at] ? -logits[at] : logits[at]);
            }
            whole += wrong == before ? 1 : 0;
            each += named == 0 ? 0 : 2.0 * right / named;
        }
        var total = new ClassFigures(perLabel.Sum(l => l.Support), perLabel.Sum(l => l.Predicted), perLabel.Sum(l => l.Correct));
        var values = new List<(string, double)>
        {
            ("subset_accuracy", (double)whole / samples),
            ("hamming_loss", (double)wrong / truth.Length),
            ("micro_precision", total.Precision), ("micro_recall", total.Recall), ("micro_f1", total.F1),
            ("macro_precision", perLabel.Average(l => l.Precision)), ("macro_recall", perLabel.Average(l => l.Recall)), ("macro_f1", perLabel.Average(l => l.F1)),
            ("samples_f1", each / samples),
            ("log_loss", loss / truth.Length),
        };
        AddRanks(values, logits, truth, labels);
        return new EvaluationReport { Values = values, PerClass = perLabel };
    }

    private static ClassFigures OfLabel(double[] logits, bool[] truth, int labels, int label)
    {
        long support = 0, predicted = 0, correct = 0;
        for (int at = label; at < truth.Length; at += labels)
        {
            support += truth[at] ? 1 : 0;
            predicted += logits[at] > 0 ? 1 : 0;
            correct += truth[at] && logits[at] > 0 ? 1 : 0;
        }
        return new ClassFigures(support, predicted, correct);
    }

    // The mean over the labels with both positives and negatives.
    private static void AddRanks(List<(string, double)> values, double[] logits, bool[] truth, int labels)
    {
        (double Auc, double Precision)[] each = [.. Enumerable.Range(0, labels)
            .Select(l => RankFigures.Of(Column(logits, labels, l), Column(truth, labels, l)))
            .Where(r => !double.IsNaN(r.RocAuc))];
        if (each.Length > 0)
            values.AddRange([("roc_auc", each.Average(e => e.Auc)), ("pr_auc", each.Average(e => e.Precision))]);
    }

    private static T[] Column<T>(T[] all, int width, int column)
    {
        var values = new T[all.Length / width];
        for (int i = 0; i < values.Length; i++)
            values[i] = all[(i * width) + column];
        return values;
    }

    // ln(1 + eˣ), the loss of a logit, without overflow.
    private static double SoftPlus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}
