namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>A piece of the gradient that is added up over the ranks.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Ready">Seconds from the beginning of a step until the backward pass has computed it.</param>
public readonly record struct GradientPiece(double Bytes, double Ready);

/// <summary>A step of several ranks as the cost model has it.</summary>
/// <param name="Step">Seconds.</param>
/// <param name="Communication">Seconds that its sums take by themselves.</param>
/// <param name="Exposed">Seconds of these that the step waits because nothing is left to compute.</param>
public readonly record struct StepForecast(double Step, double Communication, double Exposed)
{
    /// <summary>Seconds of communication behind the backward pass.</summary>
    public double Hidden => Communication - Exposed;
}

/// <summary>When the computation of a step has which piece of the gradient: what the cost model needs to know of a network.</summary>
/// <param name="Compute">Seconds of the whole step without any sum.</param>
/// <param name="Backward">Seconds from its beginning to the end of the backward pass.</param>
/// <param name="Pieces">In the order in which they are added up.</param>
/// <param name="After">Bytes of each sum that begins when the backward pass has ended.</param>
public sealed record StepProfile(double Compute, double Backward, IReadOnlyList<GradientPiece> Pieces, IReadOnlyList<double> After)
{
    /// <summary>
    /// The step of so many ranks over a link that works by itself: a piece is added up as soon as it is there and the pieces before it are
    /// (Li et al., "PyTorch Distributed", 2020). What is not done when the backward pass ends is waited for.
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
