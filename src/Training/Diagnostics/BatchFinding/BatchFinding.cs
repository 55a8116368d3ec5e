namespace GpuGrad.Training.Diagnostics.BatchFinding;

/// <summary>A batch size and the time of a step with it.</summary>
/// <param name="Batch">Samples of a batch.</param>
/// <param name="Milliseconds">Median time of a step.</param>
public sealed record BatchTiming(int Batch, double Milliseconds)
{
    public double SamplesPerSecond => Batch / Milliseconds * 1000;

    /// <summary>Steps to the same loss, against those of a batch so large that a larger one would not help: 1 + scale / batch.</summary>
    public double Steps(double scale) => 1 + (scale / Batch);

    /// <summary>Time to the same loss, in milliseconds of a step with a very large batch.</summary>
    public double Time(double scale) => Milliseconds * Steps(scale);
}

/// <summary>The noise of a network's gradients, and the batch size with which training takes least time.</summary>
/// <param name="Steps">Training steps before it was measured.</param>
/// <param name="Batches">Batches whose gradients were compared.</param>
/// <param name="Size">Samples of each.</param>
/// <param name="Whole">The noise of the whole gradient.</param>
/// <param name="InverseError">Standard error of the inverse of its scale.</param>
/// <param name="Layers">That of each layer with trained parameters, in network order.</param>
/// <param name="Timings">Step times, by rising batch size.</param>
public sealed record BatchFinding(
    int Steps, int Batches, int Size, GradientNoise Whole, double InverseError, IReadOnlyList<GradientNoise> Layers, IReadOnlyList<BatchTiming> Timings)
{
    // A batch this much slower than the best is as good, and a smaller one takes less memory.
    private const double AsGood = 1.05;

    // Standard errors on either side of the estimate.
    private const double Sure = 2;

    /// <summary>The range in which the noise scale lies with some 95 %; infinite above where the batches cannot tell.</summary>
    public (double Low, double High) Range
    {
        get
        {
            double low = Whole.Inverse + (Sure * InverseError), high = Whole.Inverse - (Sure * InverseError);
            return (low > 0 ? 1 / low : double.PositiveInfinity, high > 0 ? 1 / high : double.PositiveInfinity);
        }
    }

    /// <summary>Why there is no reliable answer; null where there is.</summary>
    public string? Problem => double.IsFinite(Range.High)
        ? null
        : FormattableString.Invariant($"the gradients of {Batches} batches of {Size} samples have too little in common to tell the noise scale, which is at least {Range.Low:N0}; try more batches (--batches), larger ones (--set data.batch) or fewer steps of training before (--steps)");

    /// <summary>The smallest of the batch sizes that reach the same loss in about the shortest time; null without a reliable answer.</summary>
    public int? Suggestion => Problem is null ? Timings.First(t => t.Time(Whole.Scale) <= AsGood * Timings.Min(o => o.Time(Whole.Scale))).Batch : null;
}
