using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>A natural loop with one way in and one way back.</summary>
internal sealed class Loop(BasicBlock header, BasicBlock latch, HashSet<BasicBlock> blocks)
{
    public BasicBlock Header => header;
    public BasicBlock Latch => latch;
    public HashSet<BasicBlock> Blocks => blocks;
    public int InstructionCount => blocks.Sum(b => b.Body.Count + b.Phis.Count + 1);

    /// <summary>All loops of the function, inner ones first.</summary>
    public static List<Loop> Find(Function function, ControlFlow flow)
    {
        List<Loop> loops = [];
        foreach (BasicBlock header in function.Blocks)
        {
            List<BasicBlock> latches = [.. header.Predecessors.Where(p => flow.Dominates(header, p))];
            if (latches.Count == 1)
                loops.Add(new Loop(header, latches[0], Body(header, latches[0])));
        }
        return [.. loops.OrderBy(l => l.Blocks.Count)];
    }

    /// <summary>Gives every loop one block through which it is entered and one through which it goes back.</summary>
    public static void Normalize(Function function)
    {
        ControlFlow flow = ControlFlow.Of(function);
        bool changed = false;
        foreach (BasicBlock header in function.Blocks.ToList())
        {
            ILookup<bool, BasicBlock> edges = header.Predecessors.ToLookup(p => flow.Dominates(header, p));
            if (!edges[true].Any())
                continue;
            changed |= Join(function, header, [.. edges[true]]);
            changed |= Join(function, header, [.. edges[false]]);
        }
        if (changed)
            ControlFlow.Of(function);
    }

    /// <summary>Leads several edges into a block through a new one, which merges what they bring.</summary>
    private static bool Join(Function function, BasicBlock target, List<BasicBlock> sources)
    {
        if (sources.Count < 2)
            return false;
        BasicBlock joined = function.NewBlock();
        joined.Jump(target);
        foreach (Instruction phi in target.Phis)
        {
            Instruction merged = new(Op.Phi, phi.Type) { Block = joined };
            foreach (BasicBlock source in sources)
            {
                merged.AddIncoming(source, phi.Args[phi.Incoming.IndexOf(source)]);
                phi.RemoveIncoming(source);
            }
            Value? single = Peephole.Fold(merged);
            phi.AddIncoming(joined, single ?? merged);
            if (single == null)
                joined.Phis.Add(merged);
        }
        foreach (BasicBlock source in sources)
            source.Retarget(target, joined);
        return true;
    }

    private static HashSet<BasicBlock> Body(BasicBlock header, BasicBlock latch)
    {
        HashSet<BasicBlock> blocks = [header];
        Stack<BasicBlock> work = new([latch]);
        while (work.TryPop(out BasicBlock? block))
        {
            if (!blocks.Add(block))
                continue;
            foreach (BasicBlock predecessor in block.Predecessors)
                work.Push(predecessor);
        }
        return blocks;
    }
}
