namespace GpuGrad.Kernels.Devices.Cpu;

/// <summary>
/// A part of an op that runs on all threads at once, followed by a barrier: a loop over <c>items</c> whose iterations are
/// independent. The body gets a range of items and the number of the worker (for scratch memory of its own).
/// </summary>
/// <remarks>
/// Which worker gets which range depends on timing, so a body must give each item the same bits whatever the range it
/// comes in: reductions sum within an item in a fixed order, and vector loops restart at each item.
/// </remarks>
public delegate void PhaseBody(int begin, int end, int worker);

/// <summary>
/// A phase bound to its memory. It is done when every item is, not when every worker has arrived: a worker whose core was
/// taken away for a moment delays no other thread, unless it was in the middle of a range.
/// </summary>
internal sealed class CpuPhase
{
    // A cache line between the counters of two workers.
    private const int Stride = 8;

    private readonly PhaseBody body;
    private readonly int items;
    private readonly int chunk;
    private readonly int owners;
    private readonly long[] next; // run in the upper half, next item in the lower: a worker that is a run behind gets nothing
    private long goal;
    private long done;

    /// <param name="items">Independent iterations.</param>
    /// <param name="grain">Fewest iterations worth handing to a worker.</param>
    /// <param name="workers">Size of the team.</param>
    /// <param name="body">The loop.</param>
    public CpuPhase(int items, int grain, int workers, PhaseBody body)
    {
        this.items = items;
        this.body = body;
        // Four chunks a worker: enough to even out a core that was taken away for a moment.
        chunk = Math.Max(Math.Max(1, grain), (items + (workers * 4) - 1) / (workers * 4));
        owners = Math.Clamp((items + chunk - 1) / chunk, 1, workers);
        next = new long[(owners + 2) * Stride];
    }

    /// <summary>Whether every item of the last run is done.</summary>
    public bool IsDone => Volatile.Read(ref done) >= Volatile.Read(ref goal);

    /// <summary>Makes the phase ready for a run; only the caller of the team does.</summary>
    public void Begin(int run)
    {
        goal += items;
        for (int owner = 0; owner < owners; owner++)
            Volatile.Write(ref next[(owner + 1) * Stride], Pack(run, BeginOf(owner)));
    }

    /// <summary>
    /// Works until no item is left to take: first on this worker's own part, the same part each time so that its data is in
    /// this core's cache, then on what others have not begun. Returns false when the run is over.
    /// </summary>
    public bool Work(int worker, int run, ref Exception? failure)
    {
        for (int i = 0; i < owners; i++)
        {
            int owner = (worker + i) % owners, end = BeginOf(owner + 1);
            ref long counter = ref next[(owner + 1) * Stride];
            while (true)
            {
                long seen = Volatile.Read(ref counter);
                if ((int)(seen >> 32) != run)
                    return false;
                int begin = (int)seen;
                if (begin >= end)
                    break;
                if (Interlocked.CompareExchange(ref counter, seen + chunk, seen) == seen)
                    Do(begin, Math.Min(begin + chunk, end), worker, ref failure);
            }
        }
        return true;
    }

    private void Do(int begin, int end, int worker, ref Exception? failure)
    {
        try
        {
            if (Volatile.Read(ref failure) is null)
                body(begin, end, worker);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref failure, e, null);
        }
        Interlocked.Add(ref done, end - begin);
    }

    private int BeginOf(int owner) => (int)((long)items * owner / owners);

    private static long Pack(int run, int item) => ((long)run << 32) | (uint)item;
}
