using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>Removes what nobody needs: dead instructions, blocks that only jump, seams between blocks.</summary>
internal static class Cleanup
{
    public static void Run(Function function)
    {
        RemoveDead(function);
        SkipEmpty(function);
        Merge(function);
    }

    /// <summary>Marks from the effects backwards, so that phis that only feed each other go too.</summary>
    public static void RemoveDead(Function function)
    {
        ControlFlow.Of(function);
        HashSet<Instruction> live = [];
        Stack<Value> work = new();
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (Instruction effect in block.Body.Where(i => i.HasSideEffects))
                work.Push(effect);
            if (block.Condition != null)
                work.Push(block.Condition);
        }
        while (work.TryPop(out Value? value))
        {
            if (value is not Instruction instruction || !live.Add(instruction))
                continue;
            foreach (Value argument in instruction.Args)
                work.Push(argument);
        }
        foreach (BasicBlock block in function.Blocks)
        {
            block.Phis.RemoveAll(i => !live.Contains(i));
            block.Body.RemoveAll(i => !live.Contains(i));
        }
    }

    /// <summary>Whoever jumps to a block that only jumps on, goes on at once.</summary>
    private static void SkipEmpty(Function function)
    {
        ControlFlow.Of(function);
        foreach (BasicBlock empty in function.Blocks)
        {
            if (empty == function.Entry || empty.Body.Count > 0 || empty.Phis.Count > 0 || empty.Terminator != Terminator.Jump || empty.Then == empty)
                continue;
            BasicBlock target = empty.Then!;
            List<BasicBlock> sources = [.. empty.Predecessors];
            if (target.Phis.Count > 0 && sources.Any(target.Predecessors.Contains))
                continue;
            foreach (BasicBlock source in sources)
                source.Retarget(empty, target);
            foreach (Instruction phi in target.Phis)
            {
                Value value = phi.Args[phi.Incoming.IndexOf(empty)];
                phi.RemoveIncoming(empty);
                foreach (BasicBlock source in sources)
                    phi.AddIncoming(source, value);
            }
            target.Predecessors.Remove(empty);
            target.Predecessors.AddRange(sources.Where(s => !target.Predecessors.Contains(s)));
            empty.Predecessors.Clear();
        }
        ControlFlow.Of(function);
    }

    /// <summary>A block and the only one that it goes to and that comes only from it become one.</summary>
    private static void Merge(Function function)
    {
        foreach (BasicBlock block in function.Blocks.ToList())
        {
            while (block.Terminator == Terminator.Jump && block.Then is { } next && next != block && next.Predecessors.Count == 1 && next.Phis.Count == 0
                && next != function.Entry && next.Predecessors[0] == block)
            {
                foreach (Instruction instruction in next.Body)
                    block.Append(instruction);
                block.CopyTerminator(next, b => b, v => v);
                foreach (BasicBlock successor in block.Successors)
                {
                    successor.Predecessors[successor.Predecessors.IndexOf(next)] = block;
                    foreach (Instruction phi in successor.Phis)
                        phi.Incoming[phi.Incoming.IndexOf(next)] = block;
                }
                next.Predecessors.Clear();
                next.Body.Clear();
                next.Return();
            }
        }
        ControlFlow.Of(function);
    }
}
