namespace GpuGrad.Training.Health;

/// <summary>How long units, or heads of attention, have been idle; the counts are part of <see cref="HealthState"/>.</summary>
/// <param name="state">Where they are kept.</param>
/// <param name="samples">Number of training samples.</param>
internal sealed class IdleTimes(HealthState state, int samples)
{
    private const int Batches = 5;
    private const int MostSamples = 1000;

    /// <summary>Number of samples over which a unit has to be idle.</summary>
    private static long Needed(int batchSize, int samples) => Math.Max((long)Batches * batchSize, Math.Min(MostSamples, 2L * samples));

    /// <summary>Notes which units of a layer were idle for a whole batch.</summary>
    public UnitHistory Note(long step, string path, int batchSize, IReadOnlyList<bool> idle)
    {
        // A history for another number of units belongs to another network.
        if (!state.Units.TryGetValue(path, out UnitHistory? history) || history.Idle.Length != idle.Count)
            state.Units[path] = history = new UnitHistory { LastActive = new long[idle.Count], Idle = new long[idle.Count] };
        for (int u = 0; u < idle.Count; u++)
            (history.LastActive[u], history.Idle[u]) = idle[u] ? (history.LastActive[u], history.Idle[u] + batchSize) : (step, 0);
        return history;
    }

    /// <summary>The units of a layer that have been idle long enough.</summary>
    public int[] Of(string path, int batchSize)
    {
        if (!state.Units.TryGetValue(path, out UnitHistory? history))
            return [];
        long needed = Needed(batchSize, samples);
        return [.. Enumerable.Range(0, history.Idle.Length).Where(u => history.Idle[u] >= needed)];
    }
}
