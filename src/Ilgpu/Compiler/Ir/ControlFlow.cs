namespace ILGPU.Compiler.Ir;

/// <summary>Order, predecessors and dominators of a function's reachable blocks.</summary>
internal sealed class ControlFlow
{
    private readonly Dictionary<BasicBlock, int> position = [];
    private readonly int[] dominator;
    private readonly int[] enter, leave;

    private ControlFlow(List<BasicBlock> order)
    {
        Order = order;
        for (int i = 0; i < order.Count; i++)
            position[order[i]] = i;
        dominator = ComputeDominators();
        Children = new List<BasicBlock>[order.Count];
        enter = new int[order.Count];
        leave = new int[order.Count];
        BuildTree();
    }

    /// <summary>Reverse postorder; the entry first.</summary>
    public List<BasicBlock> Order { get; }

    /// <summary>The dominator tree, by position.</summary>
    public List<BasicBlock>[] Children { get; }

    /// <summary>Drops unreachable blocks (and what phis take from them) and fills in predecessors.</summary>
    public static ControlFlow Of(Function function)
    {
        List<BasicBlock> order = ReversePostorder(function.Entry);
        if (order.Count != function.Blocks.Count)
        {
            HashSet<BasicBlock> reachable = [.. order];
            foreach (BasicBlock dead in function.Blocks.Where(b => !reachable.Contains(b)))
                foreach (BasicBlock successor in dead.Successors)
                    foreach (Instruction phi in successor.Phis)
                        phi.RemoveIncoming(dead);
        }
        function.Blocks.Clear();
        function.Blocks.AddRange(order);
        foreach (BasicBlock block in order)
            block.Predecessors.Clear();
        foreach (BasicBlock block in order)
            foreach (BasicBlock successor in block.Successors)
                successor.Predecessors.Add(block);
        return new ControlFlow(order);
    }

    private static List<BasicBlock> ReversePostorder(BasicBlock entry)
    {
        List<BasicBlock> order = [];
        HashSet<BasicBlock> seen = [entry];
        Stack<(BasicBlock Block, int Next)> stack = new([(entry, 0)]);
        while (stack.TryPop(out var top))
        {
            // The else side first, so that the then side comes before it in the reversed order.
            BasicBlock? next = top.Next == 0 ? top.Block.Else : top.Next == 1 ? top.Block.Then : null;
            if (top.Next < 2)
                stack.Push((top.Block, top.Next + 1));
            else
                order.Add(top.Block);
            if (next != null && seen.Add(next))
                stack.Push((next, 0));
        }
        order.Reverse();
        return order;
    }

    public int Position(BasicBlock block) => position[block];

    public BasicBlock? ImmediateDominator(BasicBlock block)
    {
        int i = position[block];
        return i == 0 ? null : Order[dominator[i]];
    }

    public bool Dominates(BasicBlock a, BasicBlock b)
    {
        int x = position[a], y = position[b];
        return enter[x] <= enter[y] && leave[y] <= leave[x];
    }

    private int[] ComputeDominators()
    {
        int[] idom = new int[Order.Count];
        Array.Fill(idom, -1);
        idom[0] = 0;
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = 1; i < Order.Count; i++)
            {
                int best = -1;
                foreach (BasicBlock predecessor in Order[i].Predecessors)
                {
                    int p = position[predecessor];
                    if (idom[p] >= 0)
                        best = best < 0 ? p : Intersect(idom, best, p);
                }
                changed |= idom[i] != best;
                idom[i] = best;
            }
        }
        return idom;
    }

    private static int Intersect(int[] idom, int a, int b)
    {
        while (a != b)
        {
            while (a > b)
                a = idom[a];
            while (b > a)
                b = idom[b];
        }
        return a;
    }

    private void BuildTree()
    {
        for (int i = 0; i < Order.Count; i++)
            Children[i] = [];
        for (int i = 1; i < Order.Count; i++)
            Children[dominator[i]].Add(Order[i]);
        int clock = 0;
        Stack<(int Block, int Next)> stack = new([(0, 0)]);
        while (stack.TryPop(out var top))
        {
            if (top.Next == 0)
                enter[top.Block] = clock++;
            if (top.Next < Children[top.Block].Count)
            {
                stack.Push((top.Block, top.Next + 1));
                stack.Push((position[Children[top.Block][top.Next]], 0));
            }
            else
            {
                leave[top.Block] = clock++;
            }
        }
    }

    /// <summary>For each block the blocks where its dominance ends: where its definitions meet others.</summary>
    public List<BasicBlock>[] Frontiers()
    {
        var frontiers = new List<BasicBlock>[Order.Count];
        for (int i = 0; i < Order.Count; i++)
            frontiers[i] = [];
        foreach (BasicBlock block in Order.Where(b => b.Predecessors.Count > 1))
        {
            foreach (BasicBlock predecessor in block.Predecessors)
            {
                for (int runner = position[predecessor]; runner != dominator[position[block]]; runner = dominator[runner])
                {
                    if (!frontiers[runner].Contains(block))
                        frontiers[runner].Add(block);
                }
            }
        }
        return frontiers;
    }
}
