using System.Runtime.ExceptionServices;

namespace GpuGrad.Kernels.Devices.Cpu;

/// <summary>
/// Threads that walk through a list of phases together, each phase begun when the one before it is done. The caller is one
/// of them. Between lists they spin briefly, then sleep, so that an idle trainer costs nothing and a busy one does not wait
/// for wake-ups.
/// </summary>
internal sealed class ThreadTeam : IDisposable
{
    private const int SpinsBeforeYield = 1_000;   // about 20 µs: longer than the end of a balanced phase
    private const int SpinsBeforeSleep = 10_000;  // about 0.2 ms: longer than the gap between two steps

    private readonly Thread[] helpers;
    private readonly object gate = new();
    private CpuPhase[] phases = [];
    private int first;
    private int last;
    private int run;
    private int sleeping;
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
        // In this order: a helper that reads the new list under the old number finds phases that are not its run's.
        int next = run + 1;
        for (int i = firstPhase; i < lastPhase; i++)
            list[i].Begin(next);
        (phases, first, last) = (list, firstPhase, lastPhase);
        // A full fence between the number and the look at the sleepers; see WaitForRun.
        Interlocked.Exchange(ref run, next);
        if (Volatile.Read(ref sleeping) > 0)
        {
            lock (gate)
                Monitor.PulseAll(gate);
        }
        Walk(0, next);
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
        for (int seen = 0; WaitForRun(seen);)
        {
            seen = Volatile.Read(ref run);
            Walk(worker, seen);
        }
    }

    private void Walk(int worker, int number)
    {
        (CpuPhase[] list, int begin, int end) = (phases, first, last);
        for (int i = begin; i < end; i++)
        {
            if (!list[i].Work(worker, number, ref failure))
                return; // the others finished without this thread
            for (int spins = 0; !list[i].IsDone && Volatile.Read(ref run) == number; spins++)
            {
                if (spins < SpinsBeforeYield)
                    Thread.SpinWait(1);
                else
                    Thread.Yield();
            }
        }
    }

    private bool WaitForRun(int seen)
    {
        for (int spins = 0; spins < SpinsBeforeSleep; spins++)
        {
            if (Volatile.Read(ref run) != seen)
                return true;
            if (Volatile.Read(ref stopping))
                return false;
            Thread.SpinWait(1);
        }
        lock (gate)
        {
            // The count is published before the number is looked at again: either this thread sees the new run or the
            // caller sees that a thread sleeps.
            Interlocked.Increment(ref sleeping);
            while (Volatile.Read(ref run) == seen && !stopping)
                Monitor.Wait(gate);
            Interlocked.Decrement(ref sleeping);
        }
        return !stopping;
    }
}
