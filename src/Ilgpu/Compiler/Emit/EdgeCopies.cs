using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Emit;

/// <summary>
/// Phis become copies at the ends of the blocks they come from. An edge that leaves a branch and enters a join gets a block
/// of its own for its copies; copies of one edge happen at once, so they are put in an order that no copy overwrites
/// what a later one reads, with a temporary where they go in a circle.
/// </summary>
internal static class EdgeCopies
{
    /// <summary>One copy. A null target or source is the temporary of that type.</summary>
    public readonly record struct Copy(Instruction? Target, Value? Source, IrType Type);

    public static void SplitCriticalEdges(Function function)
    {
        ControlFlow.Of(function);
        foreach (BasicBlock block in function.Blocks.ToList())
        {
            if (block.Terminator != Terminator.Branch)
                continue;
            foreach (BasicBlock successor in block.Successors.ToList())
            {
                if (successor.Phis.Count == 0 || successor.Predecessors.Count < 2)
                    continue;
                BasicBlock edge = function.NewBlock();
                edge.Jump(successor);
                block.Retarget(successor, edge);
                foreach (Instruction phi in successor.Phis)
                    phi.Incoming[phi.Incoming.IndexOf(block)] = edge;
            }
        }
        ControlFlow.Of(function);
    }

    public static List<Copy> At(BasicBlock block)
    {
        List<Copy> ordered = [];
        if (block.Terminator != Terminator.Jump)
            return ordered;
        List<(Instruction Target, Value? Source)> pending = [.. block.Then!.Phis
            .Select(p => (Target: p, Source: (Value?)p.Args[p.Incoming.IndexOf(block)])).Where(c => c.Target != c.Source)];
        while (pending.Count > 0)
        {
            int free = pending.FindIndex(c => !pending.Any(o => o.Source == c.Target));
            if (free >= 0)
            {
                ordered.Add(new Copy(pending[free].Target, pending[free].Source, pending[free].Target.Type));
                pending.RemoveAt(free);
                continue;
            }
            // Only circles are left: save one target, and read it from the temporary from now on.
            Instruction saved = pending[0].Target;
            ordered.Add(new Copy(null, saved, saved.Type));
            int reader = pending.FindIndex(c => c.Source == saved);
            pending[reader] = (pending[reader].Target, null);
            // Close this circle before another one needs the temporary.
            int next = 0;
            for (Value? target = saved; target != null && next >= 0;)
            {
                next = pending.FindIndex(c => c.Target == target);
                if (next < 0)
                    break;
                (Instruction to, Value? from) = pending[next];
                ordered.Add(new Copy(to, from, to.Type));
                pending.RemoveAt(next);
                target = from;
            }
        }
        return ordered;
    }
}
