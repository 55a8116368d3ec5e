using System.Numerics;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>
/// Up to 32 threads. Lanes that are at the same instruction go together, those furthest behind first, so that branches
/// join again; what a device leaves to luck (reading what was never written, shuffling with absent lanes) is an error.
/// </summary>
internal sealed class PtxWarp
{
    private readonly PtxProgram program;
    private readonly uint[] initialized;
    private readonly List<(int Position, uint Lanes)> groups = [];
    private readonly List<(int Position, uint Lanes)> waiting = [];
    private uint alive;

    public PtxWarp(PtxGroup group, int firstThread, int threads)
    {
        Group = group;
        FirstThread = firstThread;
        Threads = threads;
        program = group.Launch.Program;
        Registers = new ulong[program.Slots * 32];
        initialized = new uint[program.Slots];
        Locals = new byte[threads][];
        Reset();
    }

    public PtxGroup Group { get; }
    public int FirstThread { get; }
    public int Threads { get; }
    public ulong[] Registers { get; }
    public byte[][] Locals { get; }
    public bool IsDone => alive == 0;
    /// <summary>The instruction at which all of the warp waits for the group, or -1.</summary>
    public int AtBarrier { get; private set; } = -1;
    /// <summary>Counts warp barriers and group barriers: accesses in different epochs are ordered.</summary>
    public int Epoch { get; private set; }
    public uint AllLanes => Threads == 32 ? uint.MaxValue : (1u << Threads) - 1;

    /// <summary>Ready for the next group.</summary>
    public void Reset()
    {
        alive = AllLanes;
        groups.Clear();
        groups.Add((0, alive));
        waiting.Clear();
        AtBarrier = -1;
        Array.Clear(initialized);
        foreach ((int slot, ulong value) in program.Constants)
        {
            Registers.AsSpan(slot * 32, 32).Fill(value);
            initialized[slot] = uint.MaxValue;
        }
        foreach ((int slot, string name) in program.Specials)
        {
            for (int lane = 0; lane < Threads; lane++)
                Registers[slot * 32 + lane] = PtxSpecial.Read(name, this, lane);
            initialized[slot] = uint.MaxValue;
        }
        for (int lane = 0; lane < Threads; lane++)
        {
            Locals[lane] ??= new byte[program.LocalBytes];
            Locals[lane].AsSpan().Fill(0xFF);
        }
    }

    public void ReleaseFromBarrier()
    {
        groups.Add((AtBarrier + 1, alive));
        AtBarrier = -1;
        Epoch++;
    }

    /// <summary>Runs until all lanes have ended or wait for the group.</summary>
    public void Run()
    {
        while (AtBarrier < 0 && alive != 0)
        {
            if (groups.Count == 0)
                throw Stuck();
            int first = FurthestBehind();
            (int position, uint lanes) = groups[first];
            groups.RemoveAt(first);
            RunGroup(position, lanes);
        }
    }

    private int FurthestBehind()
    {
        int best = 0;
        for (int i = 1; i < groups.Count; i++)
        {
            if (groups[i].Position < groups[best].Position)
                best = i;
        }
        return best;
    }

    /// <summary>Runs lanes together until they split, wait, end, or pass others.</summary>
    private void RunGroup(int position, uint lanes)
    {
        for (; ; )
        {
            for (int i = groups.Count - 1; i >= 0; i--)
            {
                if (groups[i].Position == position)
                {
                    lanes |= groups[i].Lanes;
                    groups.RemoveAt(i);
                }
                else if (groups[i].Position < position)
                {
                    groups.Add((position, lanes));
                    return;
                }
            }
            PtxStep step = program.Steps[position];
            uint active = step.Guard < 0 ? lanes : lanes & GuardMask(step, lanes);
            Group.Launch.CountStep(this, step);
            switch (step.Kind)
            {
                case StepKind.Branch:
                    if (active == lanes)
                    {
                        position = step.Target;
                        continue;
                    }
                    if (active != 0)
                        groups.Add((step.Target, active));
                    lanes &= ~active;
                    position++;
                    continue;
                case StepKind.Exit:
                    alive &= ~active;
                    lanes &= ~active;
                    if (lanes == 0)
                        return;
                    position++;
                    continue;
                case StepKind.GroupBarrier or StepKind.WarpWide:
                    if (active != lanes)
                        throw Fault(step, BitOperations.TrailingZeroCount(lanes), "a barrier or shuffle under a predicate that is not the same for all lanes.");
                    if (!Gather(position, step, lanes, out lanes))
                        return;
                    if (step.Kind == StepKind.GroupBarrier)
                    {
                        AtBarrier = position;
                        CheckReads(step, lanes);
                        return;
                    }
                    Execute(step, lanes);
                    if (step.OrdersMemory)
                        Epoch++;
                    position++;
                    continue;
                default:
                    if (active != 0)
                        Execute(step, active);
                    position++;
                    continue;
            }
        }
    }

    /// <summary>Holds lanes until all that the step needs are there; then gives them all.</summary>
    private bool Gather(int position, PtxStep step, uint lanes, out uint all)
    {
        all = lanes;
        for (int i = waiting.Count - 1; i >= 0; i--)
        {
            if (waiting[i].Position == position)
            {
                all |= waiting[i].Lanes;
                waiting.RemoveAt(i);
            }
        }
        uint needed = AllLanes;
        if (step.MemberMask >= 0)
        {
            needed &= (uint)Registers[step.MemberMask * 32 + BitOperations.TrailingZeroCount(lanes)];
            if ((lanes & ~needed) != 0)
                throw Fault(step, BitOperations.TrailingZeroCount(lanes & ~needed), "a lane that the member mask does not name executes the instruction.");
        }
        if ((needed & ~alive) != 0)
            throw Fault(step, BitOperations.TrailingZeroCount(lanes), $"waits for lane {BitOperations.TrailingZeroCount(needed & ~alive)}, which has ended.");
        if (all == needed)
            return true;
        waiting.Add((position, all));
        return false;
    }

    private void Execute(PtxStep step, uint lanes)
    {
        CheckReads(step, lanes);
        try
        {
            step.Run!(this, lanes);
        }
        catch (PtxLaneException e)
        {
            throw Fault(step, e.Lane, e.Message);
        }
        foreach (int slot in step.Writes)
            initialized[slot] |= lanes;
    }

    public void MarkWritten(PtxStep step)
    {
        foreach (int slot in step.Writes)
            initialized[slot] |= alive;
    }

    private void CheckReads(PtxStep step, uint lanes)
    {
        foreach (int slot in step.Reads)
        {
            uint missing = lanes & ~initialized[slot];
            if (missing != 0)
                throw Fault(step, BitOperations.TrailingZeroCount(missing), $"reads register {program.SlotNames[slot]} before it is written.");
        }
    }

    private uint GuardMask(PtxStep step, uint lanes)
    {
        uint missing = lanes & ~initialized[step.Guard];
        if (missing != 0)
            throw Fault(step, BitOperations.TrailingZeroCount(missing), $"reads register {program.SlotNames[step.Guard]} before it is written.");
        uint mask = 0;
        int slot = step.Guard * 32;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (Registers[slot + lane] != 0 != step.Negated)
                mask |= 1u << lane;
        }
        return mask;
    }

    public PtxFaultException Fault(PtxStep step, int lane, string what)
    {
        uint Id(string name) => PtxSpecial.Read(name, this, lane);
        return new PtxFaultException($"Kernel '{program.Name}', thread ({Id("%tid.x")}, {Id("%tid.y")}, {Id("%tid.z")}) of group {Group.Index}, "
            + $"line {step.Line} `{program.Lines[step.Line - 1].Trim()}`: {what}");
    }

    private PtxFaultException Stuck()
    {
        string places = string.Join("; ", waiting.Select(w =>
            $"{BitOperations.PopCount(w.Lanes)} lanes at line {program.Steps[w.Position].Line} `{program.Lines[program.Steps[w.Position].Line - 1].Trim()}`"));
        return new PtxFaultException($"Kernel '{program.Name}', group {Group.Index}, warp {FirstThread / 32}: divergent barrier: {BitOperations.PopCount(AllLanes & ~alive)} lanes have ended; {places}.");
    }
}

/// <summary>A fault of one lane; becomes a <see cref="PtxFaultException"/> that says where.</summary>
internal sealed class PtxLaneException(int lane, string message) : Exception(message)
{
    public int Lane => lane;
}
