using System.Runtime.ExceptionServices;

namespace GpuGrad.Kernels.Devices.Cpu;

/// <summary>
/// Threads that walk through a list of phases together, with a barrier after each. The caller is one of them. Between
/// lists they spin briefly, then sleep, so that an idle trainer costs nothing and a busy one does not wait for wake-ups.
/// </summary>
internal sealed class ThreadTeam : IDisposable
{
    private const int SpinsBeforeYield = 2_000;   // about 20 µs: longer than a barrier of a balanced phase
    private const int SpinsBeforeSleep = 20_000;  // about 0.2 ms: longer than the gap between two steps

    private readonly Thread[] helpers;
    private readonly object gate = new();
    private CpuPhase[] phases = [];
    private int first;
    private int last;
    private int ticket;
    private int sleeping;
    private int arrived;
    private int generation;
    private bool stopping;
    private Exception? failure;

    public ThreadTeam(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        Size = size;
        helpers = new Thread[size - 1];
        for (int i = 0; i < helpers.Length; i++)
        {
            int worker = i + 1;
            helpers[i] = new Thread(() => Help(worker)) { IsBackground = true, Name = $"gpugrad-{worker}" };
            helpers[i].Start();
        }
    }

    public int Size { get; }

    /// <summary>Runs phases <paramref name="firstPhase"/> to <paramref name="lastPhase"/> (exclusive) and returns when all are done.</summary>
    public void Run(CpuPhase[] list, int firstPhase, int lastPhase)
    {
        for (int i = firstPhase; i < lastPhase; i++)
            list[i].Reset();
        (phases, first, last) = (list, firstPhase, lastPhase);
        // A full fence between the ticket and the look at the sleepers; see WaitForTicket.
        Interlocked.Increment(ref ticket);
        if (Volatile.Read(ref sleeping) > 0)
        {
            lock (gate)
                Monitor.PulseAll(gate);
        }
        Walk(0);
        if (failure is { } thrown)
        {
            failure = null;
            ExceptionDispatchInfo.Throw(thrown);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            stopping = true;
            Monitor.PulseAll(gate);
        }
        foreach (Thread helper in helpers)
            helper.Join();
    }

    private void Help(int worker)
    {
        for (int seen = 0; WaitForTicket(seen); seen++)
            Walk(worker);
    }

    private void Walk(int worker)
    {
        // Copies: the caller may leave the last barrier and begin another list while this thread still tests its loop.
        (CpuPhase[] list, int begin, int end) = (phases, first, last);
        for (int i = begin; i < end; i++)
        {
            try
            {
                if (failure is null)
                    list[i].Work(worker);
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref failure, e, null);
            }
            Barrier();
        }
    }

    private void Barrier()
    {
        if (Size == 1)
            return;
        int seen = Volatile.Read(ref generation);
        if (Interlocked.Increment(ref arrived) == Size)
        {
            arrived = 0;
            Volatile.Write(ref generation, seen + 1);
            return;
        }
        for (int spins = 0; Volatile.Read(ref generation) == seen; spins++)
        {
            if (spins < SpinsBeforeYield)
                Thread.SpinWait(1);
            else
                Thread.Yield();
        }
    }

    private bool WaitForTicket(int seen)
    {
        for (int spins = 0; spins < SpinsBeforeSleep; spins++)
        {
            if (Volatile.Read(ref ticket) != seen)
                return true;
            if (Volatile.Read(ref stopping))
                return false;
            Thread.SpinWait(1);
        }
        lock (gate)
        {
            // The count is published before the ticket is looked at again: either this thread sees the new ticket or
            // the caller sees that somebody sleeps.
            Interlocked.Increment(ref sleeping);
            while (Volatile.Read(ref ticket) == seen && !stopping)
                Monitor.Wait(gate);
            Interlocked.Decrement(ref sleeping);
        }
        return !stopping;
    }
}
