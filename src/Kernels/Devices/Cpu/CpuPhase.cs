namespace GpuGrad.Kernels.Devices.Cpu;

/// <summary>
/// A part of an op that runs on all threads at once, followed by a barrier: a loop over <c>items</c> whose iterations are
/// independent. The body gets a range of items and the number of the worker (for scratch memory of its own).
/// </summary>
/// <remarks>
/// Which worker gets which range depends on timing, so a body must give each item the same bits whatever the range it
/// comes in: reductions sum within an item in a fixed order, and vector loops begin anew at each item.
/// </remarks>
public delegate void PhaseBody(int begin, int end, int worker);

/// <summary>A phase bound to its memory.</summary>
internal sealed class CpuPhase
{
    // A cache line between the counters of two workers.
    private const int Stride = 16;

    private readonly PhaseBody body;
    private readonly int items;
    private readonly int chunk;
    private readonly int owners;
    private readonly int[] next;

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
        next = new int[(owners + 2) * Stride];
    }

    /// <summary>Makes the phase ready for another run.</summary>
    public void Reset()
    {
        for (int owner = 0; owner < owners; owner++)
            Volatile.Write(ref next[(owner + 1) * Stride], BeginOf(owner));
    }

    /// <summary>
    /// Works until no item is left: first on this worker's own part, the same part each time so that its data is in this
    /// core's cache, then on what others have not begun.
    /// </summary>
    public void Work(int worker)
    {
        for (int i = 0; i < owners; i++)
        {
            int owner = (worker + i) % owners;
            if (i == 0 && worker >= owners)
                continue;
            int end = BeginOf(owner + 1);
            ref int counter = ref next[(owner + 1) * Stride];
            while (Volatile.Read(ref counter) < end)
            {
                int begin = Interlocked.Add(ref counter, chunk) - chunk;
                if (begin >= end)
                    break;
                body(begin, Math.Min(begin + chunk, end), worker);
            }
        }
    }

    private int BeginOf(int owner) => (int)((long)items * owner / owners);
}
