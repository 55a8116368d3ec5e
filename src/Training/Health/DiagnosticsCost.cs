namespace GpuGrad.Training.Health;

/// <summary>Cost of the diagnostics: the extra time of watched steps, and of the work between steps.</summary>
public sealed class DiagnosticsCost
{
    private const int WarmUp = 2; // steps of each kind that the JIT compiler takes part in

    private readonly Kind plain = new();
    private readonly Kind watched = new();
    private double between;
    private double all;

    /// <summary>Notes a step over a whole batch.</summary>
    public void Step(bool isWatched, double seconds)
    {
        all += seconds;
        (isWatched ? watched : plain).Note(seconds);
    }

    /// <summary>Notes work between steps.</summary>
    public void Between(double seconds)
    {
        all += seconds;
        between += seconds;
    }

    /// <summary>What watching a step costs, in plain steps; null where too few were measured.</summary>
    public double? ExtraSteps => IsKnown ? Math.Max(0, watched.Mean - plain.Mean + (between / watched.Count)) / plain.Mean : null;

    /// <summary>Share of the time spent in steps; null where too few were measured.</summary>
    public double? Share => IsKnown ? Math.Max(0, (watched.Count * (watched.Mean - plain.Mean)) + between) / all : null;

    private bool IsKnown => plain.Counted >= 5 && watched.Counted >= 2 && all > 0;

    private sealed class Kind
    {
        private double sum;

        public int Count { get; private set; }

        public int Counted => Math.Max(0, Count - WarmUp);

        public double Mean => sum / Counted;

        public void Note(double seconds)
        {
            if (++Count > WarmUp)
                sum += seconds;
        }
    }
}
