using GpuGrad.Training.Health;

namespace GpuGrad.Training.Runs;

/// <summary>
/// Everything about a run that changes and does not lie on the device. With the device's durable slots it is a checkpoint:
/// a trainer that has both goes on with the same bits.
/// </summary>
public sealed record RunState
{
    /// <summary>Number of completed epochs.</summary>
    public int Epoch { get; set; }

    /// <summary>Samples of the current epoch done.</summary>
    public int Cursor { get; set; }

    /// <summary>Batches done; random masks and augmentation follow from their number.</summary>
    public long Batches { get; set; }

    /// <summary>Samples trained on, each as often as it came.</summary>
    public long Samples { get; set; }

    /// <summary>Optimizer steps done; several batches each where gradients are accumulated.</summary>
    public long Step { get; set; }

    /// <summary>Training time so far, earlier sittings included.</summary>
    public double Seconds { get; set; }

    /// <summary>Best figure for early stopping, and the epochs since.</summary>
    public double? StoppingBest { get; set; }

    public int StoppingBad { get; set; }

    /// <summary>State of a plateau schedule.</summary>
    public double PlateauFactor { get; set; } = 1;

    public double? PlateauBest { get; set; }

    public int PlateauBad { get; set; }

    /// <summary>Best figure for <c>keep-best</c>, and the epoch (from 1) it was reached in.</summary>
    public double? KeptBest { get; set; }

    public int KeptEpoch { get; set; }

    /// <summary>Figures of the last whole epoch.</summary>
    public double LastTrainLoss { get; set; } = double.NaN;

    public double LastTrainAccuracy { get; set; } = double.NaN;

    /// <summary>State of the health rules.</summary>
    // With a setter that is not init: a checkpoint written before there was a watch leaves it as it is here.
    public HealthState Health { get; set; } = new();

    /// <summary>What no run can have come to, where it was read from a file; null for a state that some run may have.</summary>
    internal string? Problem()
    {
        const long Most = 1L << 62;
        if (new[] { Epoch, Cursor, Batches, Samples, Step, StoppingBad, PlateauBad, KeptEpoch }.Any(n => n is < 0 or > Most) || Epoch == int.MaxValue)
            return $"epoch {Epoch}, cursor {Cursor}, step {Step}, {Batches} batches of {Samples} samples; expected 0 or more, and no more than any run can have done";
        if (!(Seconds >= 0 && double.IsFinite(Seconds)))
            return "seconds are negative or not finite";
        if (!(PlateauFactor >= 0 && double.IsFinite(PlateauFactor)))
            return "the plateau's factor is not a number of 0 or more";
        return Health.Problem();
    }
}
