using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace ILGPU.Runtime.Cpu;

/// <summary>Where threads wait for each other: group barriers, warp shuffles, and what is said when they cannot meet.</summary>
internal sealed partial class GroupScheduler
{
    // Looking up the place of a call takes longer than all else about a barrier: it is done for the first ones of a launch.
    private const int SitesPerThread = 16;

    private int barrierResult;
    private int[] warpWaiting = [];

    /// <summary>
    /// What a thread waits for. Sites are compared so that two barriers in two branches do not pass for one. The runtime may
    /// compile a kernel anew while it runs, and inline then what it did not before: places are IL offsets, and places in
    /// different methods prove nothing.
    /// </summary>
    private struct Wait
    {
        public string Operation;
        public MethodBase? Method;
        public int Offset;
        public int Argument;
        public int Width;
        public nint Value;
        public nint Result;
        public int Bytes;

        public readonly bool Meets(in Wait other) =>
            Operation == other.Operation && Width == other.Width && (Offset == other.Offset || Offset < 0 || other.Offset < 0 || Method != other.Method);

        public override readonly string ToString() => Method is null
            ? Operation
            : $"{Operation} in {Method?.DeclaringType?.Name}.{Method?.Name} at IL_{Offset:x4}";
    }

    private static readonly string[] BarrierNames =
        ["Group.Barrier", "Group.BarrierPopCount", "Group.BarrierAnd", "Group.BarrierOr", "Group.Broadcast"];

    private static readonly string[] WarpNames =
        ["Warp.Barrier", "Warp.Shuffle", "Warp.ShuffleDown", "Warp.ShuffleUp", "Warp.ShuffleXor"];

    /// <summary>The caller of Group.X or Warp.X: the first frame that is not this library's.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SetSite(ref Wait wait)
    {
        wait.Offset = -1;
        if (sitesLeft == 0)
            return;
        sitesLeft--;
        for (int depth = 3; depth < 10; depth++)
        {
            StackFrame frame = new(depth, false);
            wait.Method = frame.GetMethod();
            wait.Offset = frame.GetILOffset();
            if (wait.Method?.Module != typeof(GroupScheduler).Module)
                return;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public int Barrier(EmulatedThread thread, BarrierKind kind, int value)
    {
        Arrive(thread, new Wait { Operation = BarrierNames[(int)kind], Argument = value });
        return barrierResult;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Broadcast(EmulatedThread thread, int source, nint value, nint result, int bytes)
    {
        if ((uint)source >= (uint)launch.GroupSize)
            throw new ArgumentOutOfRangeException(nameof(source), $"broadcast from thread {source} of a group of {launch.GroupSize}.");
        Arrive(thread, new Wait { Operation = BarrierNames[(int)BarrierKind.Broadcast], Argument = source, Value = value, Result = result, Bytes = bytes });
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Arrive(EmulatedThread thread, Wait wait)
    {
        SetSite(ref wait);
        ref Item item = ref items[thread.LinearIdx];
        item.Wait = wait;
        item.State = State.AtBarrier;
        if (++waiting == launch.GroupSize)
            ReleaseGroup();
        Park(thread);
    }

    private unsafe void ReleaseGroup()
    {
        waiting = 0;
        int sum = 0;
        for (int i = 0; i < launch.GroupSize; i++)
        {
            ref Wait wait = ref items[i].Wait;
            if (!wait.Meets(items[0].Wait))
            {
                Diverged();
                return;
            }
            sum += wait.Argument;
            if (wait.Bytes > 0)
                Unsafe.CopyBlockUnaligned((void*)wait.Result, (void*)items[wait.Argument].Wait.Value, (uint)wait.Bytes);
        }
        barrierResult = sum;
        Resume(0, launch.GroupSize);
    }

    private void Resume(int first, int end)
    {
        for (int i = first; i < end; i++)
        {
            items[i].State = State.Ready;
            ready.Enqueue(i);
        }
    }

    private void ResetWarps()
    {
        int warps = (launch.GroupSize + launch.WarpSize - 1) / launch.WarpSize;
        if (warpWaiting.Length < warps)
            warpWaiting = new int[warps];
        Array.Clear(warpWaiting);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void WarpOperation(EmulatedThread thread, WarpOperationKind kind, int source, int width, nint value, nint result, int bytes)
    {
        Wait wait = new()
        {
            Operation = WarpNames[(int)kind],
            Argument = source,
            Width = width,
            Value = value,
            Result = result,
            Bytes = bytes,
        };
        SetSite(ref wait);
        ref Item item = ref items[thread.LinearIdx];
        item.Wait = wait;
        item.State = State.AtWarp;
        int warp = thread.LinearIdx / launch.WarpSize;
        int first = warp * launch.WarpSize;
        int end = Math.Min(first + launch.WarpSize, launch.GroupSize);
        if (++warpWaiting[warp] == end - first)
            ReleaseWarp(warp, first, end);
        Park(thread);
    }

    private unsafe void ReleaseWarp(int warp, int first, int end)
    {
        warpWaiting[warp] = 0;
        for (int i = first; i < end; i++)
        {
            ref Wait wait = ref items[i].Wait;
            int source = first + wait.Argument;
            if (!wait.Meets(items[first].Wait))
            {
                Diverged();
                return;
            }
            if (wait.Bytes > 0 && source >= end)
            {
                Fail(new Bundled.KernelFaultException(
                    $"Kernel '{launch.KernelName}', group {grid}: thread {i} shuffles from lane {wait.Argument}, but its warp has {end - first} threads."));
                return;
            }
            if (wait.Bytes > 0)
                Unsafe.CopyBlockUnaligned((void*)wait.Result, (void*)items[source].Wait.Value, (uint)wait.Bytes);
        }
        Resume(first, end);
    }

    private void Diverged()
    {
        StringBuilder text = new($"Kernel '{launch.KernelName}', group {grid}: the threads have diverged: ");
        var groups = Enumerable.Range(0, launch.GroupSize)
            .GroupBy(i => items[i].State == State.Finished ? "have ended" : $"wait at {items[i].Wait}");
        text.AppendJoin("; ", groups.Select(g => $"{g.Count()} (thread {g.First()} first) {g.Key}"));
        Fail(new Bundled.KernelFaultException(text.Append('.').ToString()));
    }
}

/// <summary>One launch of an emulated kernel: the kernel method with its arguments.</summary>
internal abstract class KernelCall
{
    /// <summary>Runs the kernel for the current <see cref="EmulatedThread"/>.</summary>
    public abstract void Invoke();
}
