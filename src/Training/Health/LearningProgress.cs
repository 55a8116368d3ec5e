namespace GpuGrad.Training.Health;

/// <summary>Progress of learning: many symptoms of a network that learns nothing are normal in one that has learned.</summary>
internal sealed class LearningProgress(RunFacts facts, HealthState state)
{
    private const double Left = 0.2;        // of the guess's loss, or errors
    private const double Better = 0.6, Moved = 0.9, Falling = 0.95;

    /// <summary>Whether the last epoch's loss, or its errors, were at most a fifth of a guess's. Errors alone may be few while the scores have hardly moved.</summary>
    public bool Learned => IsLow(state.LastLoss)
        || (state.LastLoss < Moved * Guess && state.LastAccuracy is double a && facts.ClassShares.Count > 1 && 1 - a <= Left * (1 - facts.ClassShares.Max()));

    /// <summary>Whether the last epoch was better than a guess, and clearly better than the one before.</summary>
    public bool IsFalling => state.EpochLosses.Count > 1 && state.EpochLosses[^1] < Falling * state.EpochLosses[^2] && !IsWorse(state.EpochLosses[^1]);

    /// <summary>Whether the last epoch's loss was clearly better than a guess's.</summary>
    public bool IsBetterNow => IsBetter(state.LastLoss);

    /// <summary>Whether a loss is clearly better than a guess's.</summary>
    public bool IsBetter(double? loss) => loss < Better * Guess;

    private double? Guess => facts.GuessLoss ?? facts.ExpectedLoss;

    /// <summary>Whether a loss is lower than a guess's.</summary>
    public bool HasMoved(double loss) => loss < Moved * Guess;

    /// <summary>Whether a loss is worse than a guess's.</summary>
    public bool IsWorse(double loss) => loss > Guess;

    /// <summary>Whether a loss is this many times a guess's, and this many times its earlier value.</summary>
    public bool IsThrown(double loss, double before, double times) => loss > times * Guess && loss > times * before;

    /// <summary>Whether a loss is at most a fifth of a guess's.</summary>
    public bool IsLow(double? loss) => loss <= Left * Guess;
}
