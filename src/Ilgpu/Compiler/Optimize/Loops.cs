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
