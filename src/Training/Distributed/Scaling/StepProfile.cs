namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>A part of the gradient that is summed over the ranks.</summary>
/// <param name="Bytes">Its size in bytes.</param>
/// <param name="Ready">Seconds from the start of a step until the backward pass has computed it.</param>
public readonly record struct GradientPiece(double Bytes, double Ready);

/// <summary>Prediction of the cost model for a step of several ranks.</summary>
/// <param name="Step">Duration in seconds.</param>
/// <param name="Communication">Seconds of its sums by themselves.</param>
/// <param name="Exposed">Seconds that the step waits for them without anything left to compute.</param>
public readonly record struct StepForecast(double Step, double Communication, double Exposed)
{
    /// <summary>Seconds of communication that overlap with the backward pass.</summary>
    public double Hidden => Communication - Exposed;
}

/// <summary>When a step has computed each part of its gradient: the cost model's input.</summary>
/// <param name="Compute">Seconds of the whole step without sums.</param>
/// <param name="Backward">Seconds from its start to the end of the backward pass.</param>
/// <param name="Pieces">Parts in the order in which they are summed.</param>
/// <param name="After">Bytes of each sum that starts after the backward pass.</param>
public sealed record StepProfile(double Compute, double Backward, IReadOnlyList<GradientPiece> Pieces, IReadOnlyList<double> After)
{
    /// <summary>
    /// The step with this many ranks over a link that works independently: a part is summed as soon as it is complete and the earlier ones are summed
    /// (Li et al., "PyTorch Distributed", 2020). Sums that are not complete at the end of the backward pass are waited for.
    /// </summary>
    public StepForecast On(Link link, int ranks)
    {
        double end = 0, communication = 0;
        foreach (GradientPiece piece in Pieces)
        {
            double seconds = link.Sum(ranks, piece.Bytes);
            communication += seconds;
            end = Math.Max(end, piece.Ready) + seconds;
        }
        double after = After.Sum(bytes => link.Sum(ranks, bytes)), exposed = Math.Max(0, end - Backward) + after;
        return new StepForecast(Compute + exposed, communication + after, exposed);
    }
}
