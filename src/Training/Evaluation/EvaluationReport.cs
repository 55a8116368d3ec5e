namespace GpuGrad.Training.Evaluation;

/// <summary>Metrics of a network's outputs on one set of samples.</summary>
public sealed record EvaluationReport
{
    /// <summary>Values by name in snake_case, as in <c>summary.json</c>, in display order.</summary>
    public required IReadOnlyList<(string Name, double Value)> Values { get; init; }

    /// <summary>Metrics per class or label; null for regression.</summary>
    public IReadOnlyList<ClassFigures>? PerClass { get; init; }

    /// <summary>Row: true class, column: predicted class; null unless each sample has exactly one class.</summary>
    public long[,]? Confusion { get; init; }

    /// <summary>Whether a class is a region of pixels, evaluated by overlap.</summary>
    public bool AreRegions { get; init; }

    /// <summary>Confidence against accuracy; null if the outputs are not class probabilities.</summary>
    public IReadOnlyList<ReliabilityBin>? Reliability { get; init; }

    /// <summary>The worst misclassified samples, worst first; null unless each sample has exactly one class.</summary>
    public IReadOnlyList<Mistake>? Mistakes { get; init; }

    /// <summary>The most informative metrics besides loss and accuracy, for a row of a table.</summary>
    public IEnumerable<(string Name, double Value)> Chosen => Values.Where(v => v.Name switch
    {
        "rmse" or "r2" or "micro_f1" or "mean_iou" or "f1" or "bits_per_character" or "entity_f1" => true,
        "roc_auc" => !double.IsNaN(this["f1"]),
        "perplexity" => !double.IsNaN(this["bits_per_character"]),
        "macro_f1" => double.IsNaN(this["f1"]) && double.IsNaN(this["micro_f1"]) && double.IsNaN(this["entity_f1"]),
        _ => false,
    });

    /// <summary>The metric with a name; NaN if it does not exist.</summary>
    public double this[string name] => Values.Where(v => v.Name == name).Select(v => v.Value).FirstOrDefault(double.NaN);
}

/// <summary>A misclassified sample.</summary>
/// <param name="Index">Its index among the samples.</param>
/// <param name="Label">Its true class.</param>
/// <param name="Predicted">The predicted class.</param>
/// <param name="Confidence">The probability or score of the predicted class.</param>
/// <param name="Badness">How much lower the probability of the true class is.</param>
public sealed record Mistake(int Index, int Label, int Predicted, double Confidence, double Badness);

/// <summary>Counts for one class against all others.</summary>
/// <param name="Support">Number of samples of the class.</param>
/// <param name="Predicted">Number of samples predicted as the class.</param>
/// <param name="Correct">Number of samples that are both.</param>
public readonly record struct ClassFigures(long Support, long Predicted, long Correct)
{
    /// <summary>Share of the predictions that are correct; 0 without predictions.</summary>
    public double Precision => Predicted == 0 ? 0 : (double)Correct / Predicted;

    /// <summary>Share of the class that was found; 0 if the class is empty.</summary>
    public double Recall => Support == 0 ? 0 : (double)Correct / Support;

    /// <summary>Intersection over union (Jaccard index); 0 if the union is empty.</summary>
    public double Iou => Support + Predicted == 0 ? 0 : (double)Correct / (Support + Predicted - Correct);

    /// <summary>Harmonic mean of precision and recall; for regions, the Dice coefficient.</summary>
    public double F1 => Support + Predicted == 0 ? 0 : 2.0 * Correct / (Support + Predicted);
}

/// <summary>Samples whose highest probability is in an interval (lower bound excluded).</summary>
/// <param name="Samples">Number of samples.</param>
/// <param name="Confidence">Mean of their highest probabilities.</param>
/// <param name="Accuracy">Share of correctly classified samples.</param>
public readonly record struct ReliabilityBin(long Samples, double Confidence, double Accuracy);
