using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Evaluation;

/// <summary>Metrics for samples with exactly one class each. Definitions are scikit-learn's unless stated otherwise.</summary>
internal static class ClassEvaluation
{
    private const int Bins = 15; // as in torchmetrics
    private const int TopK = 5;
    private const int MostMistakes = 256;

    /// <param name="scores">Scores [N, K]; higher means likelier.</param>
    /// <param name="areLogits">Whether softmax turns a row into probabilities; the scores of a hinge loss are not probabilities.</param>
    /// <param name="labels">Labels [N].</param>
    /// <param name="classes">K, at least 2.</param>
    public static EvaluationReport Of(double[] scores, bool areLogits, int[] labels, int classes)
    {
        double[]? probabilities = areLogits ? OutputMeaning.Softmax(scores, classes) : null;
        var confusion = new long[classes, classes];
        var predicted = new int[labels.Length];
        for (int i = 0; i < labels.Length; i++)
            confusion[labels[i], predicted[i] = FirstHighest(scores.AsSpan(i * classes, classes))]++;
        ClassFigures[] perClass = [.. Enumerable.Range(0, classes).Select(c => OfClass(confusion, c, classes))];
        var values = new List<(string, double)> { ("accuracy", perClass.Sum(c => (double)c.Correct) / labels.Length) };
        AddAverages(values, perClass);
        if (classes == 2)
            values.AddRange([("precision", perClass[1].Precision), ("recall", perClass[1].Recall), ("specificity", perClass[0].Recall), ("f1", perClass[1].F1)]);
        if (classes > TopK)
            values.Add(($"top_{TopK}_accuracy", Top(scores, labels, classes)));
        values.AddRange([("matthews", Matthews(perClass, labels.Length)), ("kappa", Kappa(perClass, labels.Length))]);
        AddRanks(values, classes == 2 ? scores : probabilities ?? scores, labels, classes);
        IReadOnlyList<ReliabilityBin>? reliability = null;
        if (probabilities is not null)
        {
            values.Add(("log_loss", LogLoss(scores, labels, classes)));
            reliability = AddProbabilities(values, probabilities, predicted, labels, classes);
        }
        return new EvaluationReport { Values = values, PerClass = perClass, Confusion = confusion, Reliability = reliability, Mistakes = Worst(probabilities ?? scores, predicted, labels, classes) };
    }

    // The most confident mistakes.
    private static List<Mistake> Worst(double[] values, int[] predicted, int[] labels, int classes)
    {
        var worst = new PriorityQueue<Mistake, (double, int)>();
        for (int i = 0; i < labels.Length; i++)
        {
            if (predicted[i] == labels[i])
                continue;
            ReadOnlySpan<double> row = values.AsSpan(i * classes, classes);
            double badness = row[predicted[i]] - row[labels[i]];
            worst.Enqueue(new Mistake(i, labels[i], predicted[i], row[predicted[i]], badness), (badness, -i));
            if (worst.Count > MostMistakes)
                worst.Dequeue();
        }
        return [.. worst.UnorderedItems.Select(u => u.Element).OrderByDescending(m => m.Badness).ThenBy(m => m.Index)];
    }

    /// <summary>The class with the highest score; the first one in a tie.</summary>
    public static int FirstHighest(ReadOnlySpan<double> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best])
                best = i;
        }
        return best;
    }

    // Not from probabilities, which may underflow to 0 in a double.
    private static double LogLoss(double[] logits, int[] labels, int classes)
    {
        double sum = 0;
        for (int i = 0; i < labels.Length; i++)
            sum += OutputMeaning.LogSumExp(logits.AsSpan(i * classes, classes)) - logits[(i * classes) + labels[i]];
        return sum / labels.Length;
    }

    /// <summary>The counts of one class from the confusion matrix.</summary>
    internal static ClassFigures OfClass(long[,] confusion, int c, int classes)
    {
        long support = 0, predicted = 0;
        for (int other = 0; other < classes; other++)
        {
            support += confusion[c, other];
            predicted += confusion[other, c];
        }
        return new ClassFigures(support, predicted, confusion[c, c]);
    }

    // Averages over the classes that occur in the samples or the predictions.
    internal static void AddAverages(List<(string, double)> values, ClassFigures[] perClass)
    {
        ClassFigures[] occurring = [.. perClass.Where(c => c.Support + c.Predicted > 0)];
        double samples = perClass.Sum(c => c.Support);
        values.AddRange(
        [
            ("balanced_accuracy", perClass.Where(c => c.Support > 0).Average(c => c.Recall)),
            ("macro_precision", occurring.Average(c => c.Precision)),
            ("macro_recall", occurring.Average(c => c.Recall)),
            ("macro_f1", occurring.Average(c => c.F1)),
            ("weighted_f1", occurring.Sum(c => c.Support * c.F1) / samples),
        ]);
    }

    // In a tie the first class wins, as everywhere.
    private static double Top(double[] scores, int[] labels, int classes)
    {
        long found = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            ReadOnlySpan<double> row = scores.AsSpan(i * classes, classes);
            int ahead = 0;
            for (int c = 0; c < classes; c++)
                ahead += row[c] > row[labels[i]] || (row[c] == row[labels[i]] && c < labels[i]) ? 1 : 0;
            found += ahead < TopK ? 1 : 0;
        }
        return (double)found / labels.Length;
    }

    // Matthews correlation coefficient for several classes (Gorodkin, 2004); 0 if one side has a single class.
    private static double Matthews(ClassFigures[] perClass, double samples)
    {
        double correct = perClass.Sum(c => c.Correct), chance = perClass.Sum(c => (double)c.Support * c.Predicted);
        double truth = (samples * samples) - perClass.Sum(c => (double)c.Support * c.Support);
        double guess = (samples * samples) - perClass.Sum(c => (double)c.Predicted * c.Predicted);
        return truth * guess == 0 ? 0 : ((correct * samples) - chance) / Math.Sqrt(truth * guess);
    }

    // Cohen's kappa, agreement beyond chance (1960); 0 if chance alone explains full agreement.
    private static double Kappa(ClassFigures[] perClass, double samples)
    {
        double chance = perClass.Sum(c => c.Support / samples * (c.Predicted / samples));
        return chance == 1 ? 0 : ((perClass.Sum(c => c.Correct) / samples) - chance) / (1 - chance);
    }

    // Two classes: class 1 against 0. More: the mean of one-against-all, over classes with both positives and negatives.
    private static void AddRanks(List<(string, double)> values, double[] scores, int[] labels, int classes)
    {
        var column = new double[labels.Length];
        var positive = new bool[labels.Length];
        double auc = 0, precision = 0;
        int judged = 0;
        for (int c = classes == 2 ? 1 : 0; c < classes; c++)
        {
            for (int i = 0; i < labels.Length; i++)
                (column[i], positive[i]) = (classes == 2 ? scores[(i * 2) + 1] - scores[i * 2] : scores[(i * classes) + c], labels[i] == c);
            (double a, double p) = RankFigures.Of(column, positive);
            if (double.IsNaN(a))
                continue;
            (auc, precision, judged) = (auc + a, precision + p, judged + 1);
        }
        if (judged > 0)
            values.AddRange([("roc_auc", auc / judged), ("pr_auc", precision / judged)]);
    }

    // Brier score: the squared error of class 1's probability for two classes, the sum over classes for more. Calibration error:
    // Σ share · |accuracy - confidence| over bins of equal width (Guo et al., 2017).
    private static ReliabilityBin[] AddProbabilities(List<(string, double)> values, double[] probabilities, int[] predicted, int[] labels, int classes)
    {
        double brier = 0;
        var bins = new (long Samples, double Confidence, long Right)[Bins];
        for (int i = 0; i < labels.Length; i++)
        {
            ReadOnlySpan<double> row = probabilities.AsSpan(i * classes, classes);
            for (int c = classes == 2 ? 1 : 0; c < classes; c++)
                brier += (row[c] - (labels[i] == c ? 1 : 0)) * (row[c] - (labels[i] == c ? 1 : 0));
            double confidence = row[predicted[i]];
            ref (long Samples, double Confidence, long Right) bin = ref bins[Math.Clamp((int)Math.Ceiling(confidence * Bins) - 1, 0, Bins - 1)];
            bin = (bin.Samples + 1, bin.Confidence + confidence, bin.Right + (predicted[i] == labels[i] ? 1 : 0));
        }
        values.AddRange([("brier", brier / labels.Length), ("calibration_error", bins.Sum(b => Math.Abs(b.Confidence - b.Right)) / labels.Length)]);
        return [.. bins.Select(b => b.Samples == 0 ? default : new ReliabilityBin(b.Samples, b.Confidence / b.Samples, (double)b.Right / b.Samples))];
    }
}
