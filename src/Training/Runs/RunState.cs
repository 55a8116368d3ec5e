using GpuGrad.Training.Health;

namespace GpuGrad.Training.Runs;

/// <summary>
/// All changing state of a run that is not on the device. Together with the device's durable slots it is a checkpoint:
/// a trainer that restores both continues with the same bits.
/// </summary>
public sealed record RunState
{
    /// <summary>Number of completed epochs.</summary>
    public int Epoch { get; set; }

    /// <summary>Number of samples of the current epoch done.</summary>
    public int Cursor { get; set; }

    /// <summary>Number of batches done; it seeds random masks and augmentation.</summary>
    public long Batches { get; set; }

    /// <summary>Number of samples trained on, counted each time.</summary>
    public long Samples { get; set; }

    /// <summary>Number of optimizer steps done; each takes several batches if gradients are accumulated.</summary>
    public long Step { get; set; }

    /// <summary>Training time so far, before resuming included.</summary>
    public double Seconds { get; set; }

    /// <summary>Best metric for early stopping, and the epochs since.</summary>
    public double? StoppingBest { get; set; }

    public int StoppingBad { get; set; }

    /// <summary>State of a plateau schedule.</summary>
    public double PlateauFactor { get; set; } = 1;

    public double? PlateauBest { get; set; }

    public int PlateauBad { get; set; }

    /// <summary>Best metric for <c>keep-best</c>, and the epoch (from 1) that reached it.</summary>
    public double? KeptBest { get; set; }

    public int KeptEpoch { get; set; }

    /// <summary>Metrics of the last whole epoch.</summary>
    public double LastTrainLoss { get; set; } = double.NaN;

    public double LastTrainAccuracy { get; set; } = double.NaN;

    /// <summary>State of the health rules.</summary>
    // Not init: a checkpoint from before health rules existed keeps this default.
    public HealthState Health { get; set; } = new();

    /// <summary>Describes values read from a file that no run can have; null if the state is possible.</summary>
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
