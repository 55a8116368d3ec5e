namespace GpuGrad.Training.Evaluation;

/// <summary>Lists the metrics that epochs can be compared by, and whether higher or lower is better. A new metric is a line here.</summary>
public static class FigureCatalog
{
    private static readonly string[] Falling = ["loss", "log_loss", "perplexity", "bits_per_character", "brier", "calibration_error", "hamming_loss", "mae", "mse", "rmse", "mape", "max_error"];

    private static readonly string[] Rising =
    [
        "accuracy", "balanced_accuracy", "macro_precision", "macro_recall", "macro_f1", "weighted_f1", "precision", "recall", "specificity", "f1", "top_5_accuracy", "matthews", "kappa",
        "roc_auc", "pr_auc", "subset_accuracy", "micro_precision", "micro_recall", "micro_f1", "samples_f1", "r2", "mean_iou", "mean_dice", "iou", "dice", "psnr", "entity_precision", "entity_recall", "entity_f1",
    ];

    /// <summary>Names in snake_case, as in <c>summary.json</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Falling, .. Rising];

    public static bool HigherIsBetter(string figure) => !Falling.Contains(figure);
}
