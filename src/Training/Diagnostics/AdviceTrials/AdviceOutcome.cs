using GpuGrad.Training.Evaluation;

namespace GpuGrad.Training.Diagnostics.AdviceTrials;

/// <summary>What a change of settings did.</summary>
public enum AdviceVerdict
{
    /// <summary>The result is better.</summary>
    Helps,

    /// <summary>Neither better nor worse by more than chance might do.</summary>
    NoDifference,

    /// <summary>The result is worse.</summary>
    Harms,
}

/// <summary>Result of a short training.</summary>
/// <param name="Loss">Loss on the samples that trials are compared on; NaN if it ended in values that are not finite.</param>
/// <param name="Figure">Name of the figure that is compared: balanced_accuracy, rmse or loss.</param>
/// <param name="Value">Its value.</param>
/// <param name="Problem">Why there is no result; null if there is one.</param>
public sealed record AdviceResult(double Loss, string Figure, double Value, string? Problem = null)
{
    // Half a point of accuracy, or one per cent of anything else.
    private const double Points = 0.005, Share = 0.01;

    public static AdviceResult Failed(string problem) => new(double.NaN, "loss", double.NaN, problem);

    /// <summary>What a change did that ended with this result.</summary>
    /// <param name="before">The result without it.</param>
    /// <param name="isSameLoss">Whether both have the same loss function, so that losses can be compared.</param>
    public AdviceVerdict Against(AdviceResult before, bool isSameLoss)
    {
        if (Problem is not null || before.Problem is not null)
            return Problem is null ? AdviceVerdict.Helps : before.Problem is null ? AdviceVerdict.Harms : AdviceVerdict.NoDifference;
        if (Figure == before.Figure && (Figure != "loss" || isSameLoss))
        {
            double gain = FigureCatalog.HigherIsBetter(Figure) ? (Value - before.Value) / Points : (before.Value - Value) / (Share * before.Value);
            if (Math.Abs(gain) > 1)
                return gain > 0 ? AdviceVerdict.Helps : AdviceVerdict.Harms;
        }
        double less = isSameLoss ? (before.Loss - Loss) / (Share * before.Loss) : 0;
        return less > 1 ? AdviceVerdict.Helps : less < -1 ? AdviceVerdict.Harms : AdviceVerdict.NoDifference;
    }
}

/// <summary>A piece of advice that was tried.</summary>
public sealed record AdviceOutcome(Advice Advice, AdviceResult Result, AdviceVerdict Verdict);

/// <summary>Results of trying the advice of a run's alarms.</summary>
/// <param name="Steps">Steps of each training; one that ends in numbers that are not finite has fewer.</param>
/// <param name="JudgedBy">The samples that results were compared on: validation, test or training.</param>
/// <param name="Before">The result with the config as it is.</param>
/// <param name="Outcomes">In the order of the alarms.</param>
public sealed record AdviceReport(long Steps, string JudgedBy, AdviceResult Before, IReadOnlyList<AdviceOutcome> Outcomes)
{
    /// <summary>Name of the figure that is compared.</summary>
    public string Figure => Outcomes.Select(o => o.Result).Prepend(Before).FirstOrDefault(r => r.Problem is null)?.Figure ?? Before.Figure;

    /// <summary>The one that helps most; null where none helps.</summary>
    public AdviceOutcome? Best => Outcomes.Where(o => o.Verdict == AdviceVerdict.Helps)
        .OrderByDescending(o => FigureCatalog.HigherIsBetter(o.Result.Figure) ? o.Result.Value : -o.Result.Value).ThenBy(o => o.Result.Loss).FirstOrDefault();
}
