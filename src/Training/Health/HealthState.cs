namespace GpuGrad.Training.Health;

/// <summary>State of the health rules between steps; saved with checkpoints, so that a resumed run raises the same alarms.</summary>
public sealed record HealthState
{
    /// <summary>Norms of the last steps' gradients, the oldest first.</summary>
    public List<double> Norms { get; set; } = [];

    /// <summary>The median of the first steps' norms; null until there are enough.</summary>
    public double? EarlyNorm { get; set; }

    /// <summary>Training losses of the last epochs, preceded by the best of all earlier ones.</summary>
    public List<double> EpochLosses { get; set; } = [];

    /// <summary>The step at which the last of them was recorded; null if there is none.</summary>
    public long? NotedStep { get; set; }

    /// <summary>The lowest training loss of an epoch; null before the end of the first.</summary>
    public double? LowestLoss { get; set; }

    /// <summary>Training loss of the last epoch; null before its end.</summary>
    public double? LastLoss { get; set; }

    /// <summary>Training accuracy of the last epoch; null before its end, and for regression.</summary>
    public double? LastAccuracy { get; set; }

    /// <summary>The lowest held-out loss so far; null without held-out samples.</summary>
    public double? BestHeldOut { get; set; }

    /// <summary>Watched samples of each class since it was last predicted.</summary>
    public List<long> Unpredicted { get; set; } = [];

    /// <summary>Idle time of each watched layer's units, by the layer's path.</summary>
    public Dictionary<string, UnitHistory> Units { get; set; } = [];

    /// <summary>Norm of each weight in the first watched step.</summary>
    public Dictionary<string, double> FirstWeights { get; set; } = [];

    /// <summary>Norm of the weight that shrank most, relative to its first norm.</summary>
    public double WeightLeft { get; set; } = 1;

    /// <summary>Number of watched steps in a row for which a condition has held.</summary>
    public Dictionary<string, int> Streaks { get; set; } = [];

    /// <summary>Alarms raised, with their severity: they are raised again only when much worse.</summary>
    public Dictionary<string, double> Raised { get; set; } = [];

    /// <summary>The largest relative update in each of the last watched steps: evidence for what it may have caused.</summary>
    public List<StepSize> Steps { get; set; } = [];

    /// <summary>Describes values read from a file that cannot occur; null if all can.</summary>
    internal string? Problem()
    {
        // Nullable annotations don't cover the elements of lists.
        if (Steps.Any(s => s is null || s.Step < 0))
            return "health: a step is null or negative";
        if (Units.Values.Any(u => u is null || u.Idle.Length != u.LastActive.Length || u.Idle.Concat(u.LastActive).Any(n => n < 0)))
            return "health: the units of a layer are null, negative or not one for one";
        return Streaks.Values.Any(n => n < 0) || Unpredicted.Any(n => n < 0) ? "health: a streak or a count is negative" : null;
    }
}

/// <summary>Largest relative update of a step over all layers.</summary>
public sealed record StepSize(long Step, double Ratio);

/// <summary>History of a layer's units.</summary>
public sealed record UnitHistory
{
    /// <summary>Per unit, the last watched step in which it was not idle; 0 for never.</summary>
    public required long[] LastActive { get; init; }

    /// <summary>Per unit, the number of samples seen since.</summary>
    public required long[] Idle { get; init; }
}
