namespace GpuGrad.Training.Health;

/// <summary>Decides which steps are watched: every so many, or fewer where that would cost more than the budget.</summary>
/// <param name="config">The settings.</param>
/// <param name="cost">What watching has cost so far.</param>
internal sealed class WatchSchedule(DiagnosticsConfig config, DiagnosticsCost cost)
{
    private long next;

    /// <summary>Whether to watch a step; asked once for each.</summary>
    /// <param name="step">Steps done before it.</param>
    public bool IsDue(long step)
    {
        if (config.Every == 0)
            return false;
        if (config.Budget is not double budget)
            return step % config.Every == 0;
        if (step < next)
            return false;
        next = step + Math.Max(config.Every, (long)Math.Ceiling((cost.ExtraSteps ?? 0) / budget));
        return true;
    }
}
