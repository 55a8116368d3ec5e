namespace GpuGrad.Training.Health;

/// <summary>Base of the alarm rules: counts how long a condition has held, and raises an alarm only once.</summary>
internal abstract class AlarmRule(HealthState state)
{
    /// <summary>Relative size of an update above which it may have thrown units or heads out of their range; about 0.001 is healthy.</summary>
    protected const double Jolt = 0.02;

    protected HealthState State { get; } = state;

    /// <summary>The largest of the updates just after a step: if units or heads were last active in that step, it may be the cause.</summary>
    protected StepSize? LongestSince(long step) => State.Steps.Where(s => s.Step >= step).Take(3).MaxBy(s => s.Ratio);

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
