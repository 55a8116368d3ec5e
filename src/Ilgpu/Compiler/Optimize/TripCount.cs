using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>
/// How often a loop goes round, found by running its counters: what depends on constants and on other counters alone is
/// computed iteration by iteration until an exit is taken. So any induction counts, not only i++.
/// </summary>
internal sealed class TripCount
{
    private readonly Loop loop;
    private readonly Dictionary<Instruction, Constant?> known = [];
    private Dictionary<Instruction, Constant> counters = [];

    private TripCount(Loop loop) => this.loop = loop;

    /// <summary>The number of times the way back is taken, or null if it is not constant or above the limit.</summary>
    public static int? Of(Loop loop, ControlFlow flow, int limit)
    {
        List<BasicBlock> exits = [.. loop.Blocks.Where(b => b.Terminator == Terminator.Branch
            && loop.Blocks.Contains(b.Then!) != loop.Blocks.Contains(b.Else!) && flow.Dominates(b, loop.Latch))];
        return exits.Count == 0 ? null : new TripCount(loop).Run(exits, limit);
    }

    private int? Run(List<BasicBlock> exits, int limit)
    {
        foreach (Instruction phi in loop.Header.Phis)
        {
            int outside = phi.Incoming.FindIndex(b => !loop.Blocks.Contains(b));
            if (phi.Incoming.Count == 2 && phi.Args[outside] is Constant start)
                counters[phi] = start;
        }
        for (int round = 0; round <= limit; round++)
        {
            known.Clear();
            foreach (BasicBlock exit in exits)
            {
                if (Evaluate(exit.Condition!) is { } condition && loop.Blocks.Contains(condition.Bits != 0 ? exit.Then! : exit.Else!) == false)
                    return round;
            }
            if (!exits.Any(e => Evaluate(e.Condition!) != null))
                return null;
            Dictionary<Instruction, Constant> next = [];
            foreach (Instruction phi in counters.Keys)
            {
                if (Evaluate(phi.Args[phi.Incoming.IndexOf(loop.Latch)]) is { } value)
                    next[phi] = value;
            }
            counters = next;
        }
        return null;
    }

    private Constant? Evaluate(Value value)
    {
        if (value is Constant constant)
            return constant;
        if (value is not Instruction instruction || !loop.Blocks.Contains(instruction.Block!))
            return null;
        if (instruction.Op == Op.Phi)
            return instruction.Block == loop.Header ? counters.GetValueOrDefault(instruction) : null;
        if (instruction.TouchesMemory || instruction.Type == IrType.Tuple)
            return null;
        if (known.TryGetValue(instruction, out Constant? done))
            return done;
        known[instruction] = null;
        Value[] arguments = new Value[instruction.Args.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            if (Evaluate(instruction.Args[i]) is not { } argument)
                return null;
            arguments[i] = argument;
        }
        return known[instruction] = ConstantFolder.Fold(instruction.With(arguments));
    }
}
