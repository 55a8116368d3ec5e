using System.Diagnostics;

namespace ILGPU.Runtime.Cpu;

/// <summary>
/// Runs the threads of one group on as few OS threads as it takes: they take turns, one at a time, in a fixed order. A thread
/// that never waits runs to its end on the launching OS thread (a plain loop, easy to step through); a thread that reaches a
/// barrier keeps its OS thread parked there while a pooled one goes on with the next. When nobody can go on, the group has
/// diverged, and the error tells who waits where.
/// </summary>
internal sealed partial class GroupScheduler : IDisposable
{
    private readonly EmulatedLaunch launch;
    private readonly GroupMemory shared = new();
    private readonly Worker main;
    private readonly Stack<Worker> idle = new();
    private readonly List<Worker> workers = [];
    private readonly Queue<int> ready = new();
    private Item[] items = [];
    private KernelCall? call;
    private Index3D grid;
    private int next, waiting, finished, sitesLeft;
    private Exception? fault;
    private volatile bool aborted;

    public GroupScheduler(EmulatedLaunch launch)
    {
        this.launch = launch;
        main = new Worker(this, null);
    }

    private struct Item
    {
        public Worker? Owner;
        public State State;
        public Wait Wait;
    }

    private enum State
    {
        New,
        Running,
        Ready,
        AtBarrier,
        AtWarp,
        Finished,
    }

    /// <summary>Runs the whole grid on the calling thread, group after group.</summary>
    public void Run(KernelCall kernelCall)
    {
        call = kernelCall;
        int size = launch.GroupSize;
        sitesLeft = SitesPerThread * size;
        if (items.Length < size)
            items = new Item[size];
        EmulatedThread? outer = EmulatedThread.Swap(main.Thread);
        try
        {
            for (int z = 0; z < launch.GridDim.Z; z++)
                for (int y = 0; y < launch.GridDim.Y; y++)
                    for (int x = 0; x < launch.GridDim.X; x++)
                        RunGroup(new Index3D(x, y, z));
        }
        finally
        {
            EmulatedThread.Swap(outer);
            call = null;
        }
    }

    private void RunGroup(Index3D index)
    {
        grid = index;
        next = waiting = finished = 0;
        fault = null;
        aborted = false;
        ready.Clear();
        shared.Reset();
        Array.Clear(items, 0, launch.GroupSize);
        ResetWarps();
        Pump(main);
        if (aborted)
            Unwind();
        if (fault is { } error)
            throw error;
    }

    /// <summary>Runs threads that have not begun as long as no parked one is ready; then hands the turn on.</summary>
    private void Pump(Worker me)
    {
        while (!aborted)
        {
            if (ready.TryDequeue(out int parked))
            {
                Worker owner = items[parked].Owner!;
                if (me.Pooled)
                    idle.Push(me);
                owner.Wake.Release();
                if (me.Pooled)
                    return;
                me.Wake.Wait();
            }
            else if (next < launch.GroupSize)
            {
                RunItem(me, next++);
            }
            else
            {
                if (finished < launch.GroupSize)
                    Diverged();
                break;
            }
        }
        if (me.Pooled)
        {
            idle.Push(me);
            main.Wake.Release();
        }
    }

    private void RunItem(Worker me, int item)
    {
        items[item].Owner = me;
        items[item].State = State.Running;
        me.Thread.Enter(item, grid);
        try
        {
            call!.Invoke();
            items[item].State = State.Finished;
            finished++;
        }
        catch (GroupAbortedException)
        {
        }
        catch (Exception error)
        {
            Fail(new Bundled.KernelFaultException($"{me.Thread.Describe()}: {error.Message}", error));
        }
    }

    /// <summary>Parks the running thread, lets others run, and returns when it is this thread's turn again.</summary>
    private void Park(EmulatedThread thread)
    {
        int item = thread.LinearIdx;
        Worker me = items[item].Owner!;
        if (ready.TryDequeue(out int other))
        {
            if (other != item)
                HandTo(items[other].Owner!, me);
        }
        else if (next < launch.GroupSize)
        {
            Worker worker = idle.Count > 0 ? idle.Pop() : NewWorker();
            HandTo(worker, me);
        }
        else
        {
            Diverged();
        }
        if (aborted)
            throw new GroupAbortedException();
        items[item].State = State.Running;
    }

    private static void HandTo(Worker worker, Worker me)
    {
        me.Parked = true;
        worker.Wake.Release();
        me.Wake.Wait();
        me.Parked = false;
    }

    private void Fail(Exception error)
    {
        fault ??= error;
        aborted = true;
    }

    /// <summary>After a fault: lets every parked thread throw its way out, one after the other.</summary>
    private void Unwind()
    {
        foreach (Worker worker in workers)
        {
            if (worker.Parked)
            {
                worker.Wake.Release();
                main.Wake.Wait();
            }
        }
    }

    private Worker NewWorker()
    {
        Worker worker = new(this, $"emulated-{workers.Count}");
        workers.Add(worker);
        return worker;
    }

    public void Dispose()
    {
        foreach (Worker worker in workers)
            worker.Stop();
        shared.Dispose();
    }

    /// <summary>An OS thread that runs a group's threads; the launching thread is one too.</summary>
    private sealed class Worker
    {
        private readonly GroupScheduler scheduler;
        private volatile bool stopping;

        public Worker(GroupScheduler scheduler, string? name)
        {
            this.scheduler = scheduler;
            Thread = new EmulatedThread(scheduler.launch, scheduler.shared, scheduler);
            Pooled = name != null;
            if (Pooled)
                new Thread(Loop, 1 << 20) { IsBackground = true, Name = name }.Start();
        }

        public readonly Turns Wake = new();
        public readonly EmulatedThread Thread;
        public readonly bool Pooled;

        /// <summary>Inside a kernel, waiting for its turn; else it is between threads.</summary>
        public bool Parked;

        public void Stop()
        {
            stopping = true;
            Wake.Release();
        }

        [DebuggerNonUserCode]
        private void Loop()
        {
            EmulatedThread.Swap(Thread);
            for (Wake.Wait(); !stopping; Wake.Wait())
                scheduler.Pump(this);
        }
    }

    /// <summary>Turns given to a thread. Waiting for one does not spin: all threads of a group but one wait.</summary>
    private sealed class Turns
    {
        private readonly object gate = new();
        private int given;

        public void Release()
        {
            lock (gate)
            {
                given++;
                Monitor.Pulse(gate);
            }
        }

        public void Wait()
        {
            lock (gate)
            {
                while (given == 0)
                    Monitor.Wait(gate);
                given--;
            }
        }
    }

    /// <summary>Unwinds a parked thread of a group that has failed.</summary>
    private sealed class GroupAbortedException : Exception;
}
