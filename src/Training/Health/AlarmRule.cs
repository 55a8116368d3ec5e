namespace GpuGrad.Training.Health;

/// <summary>Base of the alarm rules: counts how long a condition has held, and raises an alarm only once.</summary>
internal abstract class AlarmRule(HealthState state)
{
    protected HealthState State { get; } = state;

    /// <summary>Counts how often in a row a condition has held; true from the <paramref name="times"/>-th time on.</summary>
    protected bool Holds(string key, bool now, int times)
    {
        int count = now ? State.Streaks.GetValueOrDefault(key) + 1 : 0;
        State.Streaks[key] = count;
        return count >= times;
    }

    /// <summary>True the first time, and again when it is twice as bad.</summary>
    protected bool IsNews(string key, double badness)
    {
        if (State.Raised.TryGetValue(key, out double before) && badness < 2 * before)
            return false;
        State.Raised[key] = badness;
        return true;
    }

    /// <summary>True the first time only.</summary>
    protected bool IsFirst(string key) => State.Raised.TryAdd(key, 1);
}
