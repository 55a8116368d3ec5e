namespace GpuGrad.Training.Health;

/// <summary>What the rules have in common: how long something has held, and that an alarm is raised once.</summary>
internal abstract class AlarmRule(HealthState state)
{
    protected HealthState State { get; } = state;

    /// <summary>Counts how often in a row something has held; true from the <paramref name="times"/>-th on.</summary>
    protected bool Holds(string key, bool now, int times)
    {
        int count = now ? State.Streaks.GetValueOrDefault(key) + 1 : 0;
        State.Streaks[key] = count;
        return count >= times;
    }

    /// <summary>True the first time, and again when it is half as bad again.</summary>
    protected bool IsNews(string key, double badness)
    {
        if (State.Raised.TryGetValue(key, out double before) && badness < 1.5 * before)
            return false;
        State.Raised[key] = badness;
        return true;
    }

    /// <summary>True the first time only.</summary>
    protected bool IsFirst(string key) => State.Raised.TryAdd(key, 1);
}
