namespace GpuGrad.Training.Evaluation;

/// <summary>Metrics of a network's outputs on one set of samples.</summary>
public sealed record EvaluationReport
{
    /// <summary>Names in snake_case, as in <c>summary.json</c>, in the order in which they are shown.</summary>
    public required IReadOnlyList<(string Name, double Value)> Values { get; init; }

    /// <summary>Figures of each class or label; null for regression.</summary>
    public IReadOnlyList<ClassFigures>? PerClass { get; init; }

    /// <summary>Row: the true class, column: the predicted one; null where a sample has not exactly one class.</summary>
    public long[,]? Confusion { get; init; }

    /// <summary>Whether a class is a region of pixels: then its overlap counts.</summary>
    public bool AreRegions { get; init; }

    /// <summary>Confidence against accuracy; null where the outputs are no probabilities of classes.</summary>
    public IReadOnlyList<ReliabilityBin>? Reliability { get; init; }

    /// <summary>Samples that were classified wrong, the worst first, and not all of them; null where a sample has not exactly one class.</summary>
    public IReadOnlyList<Mistake>? Mistakes { get; init; }

    /// <summary>The few that say most besides loss and accuracy: for a row of a table.</summary>
    public IEnumerable<(string Name, double Value)> Chosen => Values.Where(v => v.Name switch
    {
        "rmse" or "r2" or "micro_f1" or "mean_iou" or "f1" or "bits_per_character" or "entity_f1" => true,
        "roc_auc" => !double.IsNaN(this["f1"]),
        "perplexity" => !double.IsNaN(this["bits_per_character"]),
        "macro_f1" => double.IsNaN(this["f1"]) && double.IsNaN(this["micro_f1"]) && double.IsNaN(this["entity_f1"]),
        _ => false,
    });

    /// <summary>The figure of a name; NaN where there is none.</summary>
    public double this[string name] => Values.Where(v => v.Name == name).Select(v => v.Value).FirstOrDefault(double.NaN);
}

/// <summary>A sample that was classified wrong.</summary>
/// <param name="Index">Its place among the samples.</param>
/// <param name="Label">What it is.</param>
/// <param name="Predicted">What the network said.</param>
/// <param name="Confidence">The probability or score that it gave to that.</param>
/// <param name="Badness">How much less it gave to the right class.</param>
public sealed record Mistake(int Index, int Label, int Predicted, double Confidence, double Badness);

/// <summary>One class against all others.</summary>
/// <param name="Support">Samples that are of the class.</param>
/// <param name="Predicted">Samples that were predicted to be.</param>
/// <param name="Correct">Samples that are both.</param>
public readonly record struct ClassFigures(long Support, long Predicted, long Correct)
{
    /// <summary>Share of the predicted ones that are right; 0 where none was predicted.</summary>
    public double Precision => Predicted == 0 ? 0 : (double)Correct / Predicted;

    /// <summary>Share of the class that was found; 0 where there is none of it.</summary>
    public double Recall => Support == 0 ? 0 : (double)Correct / Support;

    /// <summary>Intersection over union (Jaccard index); 0 if the union is empty.</summary>
    public double Iou => Support + Predicted == 0 ? 0 : (double)Correct / (Support + Predicted - Correct);

    /// <summary>Harmonic mean of precision and recall; of regions the dice coefficient.</summary>
    public double F1 => Support + Predicted == 0 ? 0 : 2.0 * Correct / (Support + Predicted);
}

/// <summary>Samples whose highest probability lies between two bounds (the lower one excluded).</summary>
/// <param name="Samples">How many there are.</param>
/// <param name="Confidence">Mean of their highest probabilities.</param>
/// <param name="Accuracy">Share of them that is classified right.</param>
public readonly record struct ReliabilityBin(long Samples, double Confidence, double Accuracy);
