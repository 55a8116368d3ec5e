namespace GpuGrad.Training.Evaluation;

/// <summary>Metrics of regression; with several targets, means over them. Definitions are scikit-learn's.</summary>
internal static class NumberEvaluation
{
    // scikit-learn divides by this instead of a target of 0.
    private const double LeastTarget = 2.220446049250313e-16;

    /// <param name="outputs">Outputs [N, D].</param>
    /// <param name="targets">Targets [N, D].</param>
    /// <param name="size">D.</param>
    public static EvaluationReport Of(double[] outputs, double[] targets, int size)
    {
        double absolute = 0, squared = 0, relative = 0, largest = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            double error = Math.Abs(outputs[i] - targets[i]);
            absolute += error;
            squared += error * error;
            relative += error / Math.Max(Math.Abs(targets[i]), LeastTarget);
            largest = Math.Max(largest, error);
        }
        double n = outputs.Length;
        return new EvaluationReport
        {
            Values =
            [
                ("mae", absolute / n), ("mse", squared / n), ("rmse", Math.Sqrt(squared / n)), ("r2", Determination(outputs, targets, size)),
                ("mape", relative / n), ("max_error", largest),
            ],
        };
    }

    // R² = 1 - Σ(y - ŷ)² / Σ(y - ȳ)²; if the targets are all equal, 1 if every output is right and else 0.
    private static double Determination(double[] outputs, double[] targets, int size)
    {
        double sum = 0;
        int rows = targets.Length / size;
        for (int d = 0; d < size; d++)
        {
            double total = 0, around = 0, left = 0;
            bool differ = false;
            for (int at = d; at < targets.Length; at += size)
                (total, differ) = (total + targets[at], differ || targets[at] != targets[d]);
            double mean = differ ? total / rows : targets[d]; // the mean of equal numbers is that number, free of rounding
            for (int at = d; at < targets.Length; at += size)
            {
                around += (targets[at] - mean) * (targets[at] - mean);
                left += (targets[at] - outputs[at]) * (targets[at] - outputs[at]);
            }
            sum += around > 0 ? 1 - (left / around) : left == 0 ? 1 : 0;
        }
        return sum / size;
    }
}
