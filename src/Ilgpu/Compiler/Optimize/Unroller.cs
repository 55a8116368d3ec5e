using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>
/// Writes counted loops out. Loops that index local arrays may grow much, because their arrays then become registers;
/// others only a little. The loop's registers that live across iterations or leave the loop are put into locals first,
/// its blocks copied, and promotion then finds the new registers: no phi has to be moved by hand.
/// </summary>
internal sealed class Unroller
{
    private const int MaxRounds = 128;
    private const int MaxSize = 600;
    private const int MaxStraightSize = 4096;
    private const int MaxSizeWithArrays = 24_000;

    private readonly Function function;
    private readonly Loop loop;
    private readonly int rounds;

    private Unroller(Function function, Loop loop, int rounds)
    {
        this.function = function;
        this.loop = loop;
        this.rounds = rounds;
    }

    /// <summary>Unrolls the innermost loops that can be; true if there was one.</summary>
    public static bool Run(Function function)
    {
        Loop.Normalize(function);
        ControlFlow flow = ControlFlow.Of(function);
        HashSet<BasicBlock> touched = [];
        foreach (Loop loop in Loop.Find(function, flow))
        {
            if (loop.Blocks.Overlaps(touched) || TripCount.Of(loop, flow, MaxRounds) is not { } rounds || !IsWorth(function, loop, rounds))
                continue;
            touched.UnionWith(loop.Blocks);
            new Unroller(function, loop, rounds).Unroll();
        }
        return touched.Count > 0;
    }

    private static bool IsWorth(Function function, Loop loop, int rounds)
    {
        int size = loop.InstructionCount * rounds;
        // Without branches inside nothing but the code's length speaks against it.
        if (size <= (loop.Blocks.Count <= 2 ? MaxStraightSize : MaxSize))
            return !loop.Blocks.SelectMany(b => b.Body).Any(i => i.Op is Op.Barrier or Op.BarrierReduce) || IndexesArrays(function, loop);
        return size <= MaxSizeWithArrays && IndexesArrays(function, loop);
    }

    private static bool IndexesArrays(Function function, Loop loop) => loop.Blocks.SelectMany(b => b.Body)
        .Any(i => i.Op == Op.Address && i.Args.Length == 2 && Root(i) is Local local && function.Locals.Contains(local));

    private static Value Root(Value value)
    {
        while (value is Instruction { Op: Op.Address } address)
            value = address.Args[0];
        return value;
    }

    private void Unroll()
    {
        DemotePhis();
        DemoteLeaving();
        CopyRounds();
        ControlFlow.Of(function);
    }

    /// <summary>Header phis and the phis where the loop leaves become locals.</summary>
    private void DemotePhis()
    {
        IEnumerable<BasicBlock> joins = loop.Blocks.SelectMany(b => b.Successors).Where(b => !loop.Blocks.Contains(b)).Prepend(loop.Header).Distinct();
        foreach (BasicBlock block in joins.ToList())
        {
            List<Instruction> loads = [];
            foreach (Instruction phi in block.Phis.ToList())
            {
                Local local = NewLocal(phi.Type);
                for (int i = 0; i < phi.Args.Length; i++)
                    Store(phi.Incoming[i], phi.Incoming[i].Body.Count, local, phi.Args[i]);
                ReplaceUses(phi, Load(loads, block, local, phi.Type));
            }
            block.Phis.Clear();
            block.Body = [.. loads, .. block.Body];
        }
    }

    /// <summary>Registers that are set inside and used outside.</summary>
    private void DemoteLeaving()
    {
        HashSet<Instruction> leaving = [];
        foreach (BasicBlock block in function.Blocks.Where(b => !loop.Blocks.Contains(b)))
        {
            foreach (Instruction user in block.Phis.Concat(block.Body))
                leaving.UnionWith(user.Args.OfType<Instruction>().Where(a => loop.Blocks.Contains(a.Block!)));
            if (block.Condition is Instruction condition && loop.Blocks.Contains(condition.Block!))
                leaving.Add(condition);
        }
        foreach (Instruction value in leaving)
            DemoteValue(value);
    }

    private void DemoteValue(Instruction value)
    {
        Local local = NewLocal(value.Type);
        BasicBlock home = value.Block!;
        Store(home, value.Op == Op.Phi ? 0 : home.Body.IndexOf(value) + 1, local, value);
        foreach (BasicBlock block in function.Blocks.Where(b => !loop.Blocks.Contains(b)).ToList())
        {
            foreach (Instruction phi in block.Phis)
            {
                for (int i = 0; i < phi.Args.Length; i++)
                {
                    if (phi.Args[i] != value)
                        continue;
                    List<Instruction> load = [];
                    phi.Args[i] = Load(load, phi.Incoming[i], local, value.Type);
                    phi.Incoming[i].Body.AddRange(load);
                }
            }
            if (!block.Body.Any(i => i.Args.Contains(value)) && block.Condition != value)
                continue;
            List<Instruction> reloads = [];
            Value reload = Load(reloads, block, local, value.Type);
            block.Body.InsertRange(0, reloads);
            foreach (Instruction user in block.Body)
                Replace(user.Args, value, reload);
            if (block.Condition == value)
                block.Condition = reload;
        }
    }

    private Local NewLocal(IrType type)
    {
        if (type == IrType.Tuple)
            throw new InvalidOperationException("A tuple lives across a loop.");
        return function.NewLocal(8, 8);
    }

    private static MemType MemOf(IrType type) => type switch
    {
        IrType.Bool or IrType.I32 => MemType.I32,
        IrType.F32 => MemType.F32,
        IrType.I64 => MemType.I64,
        IrType.F64 => MemType.F64,
        _ => MemType.Ptr,
    };

    /// <summary>Memory holds no Bool: those go as 0 and 1.</summary>
    private static Value Load(List<Instruction> into, BasicBlock block, Local local, IrType type)
    {
        Instruction load = new(Op.Load, type == IrType.Bool ? IrType.I32 : type, local) { Mem = MemOf(type), Block = block };
        into.Add(load);
        if (type != IrType.Bool)
            return load;
        Instruction flag = new(Op.Compare, IrType.Bool, load, Constant.Int(0)) { Predicate = Predicate.Ne, Block = block };
        into.Add(flag);
        return flag;
    }

    private static void Store(BasicBlock block, int at, Local local, Value value)
    {
        MemType mem = MemOf(value.Type);
        if (value.Type == IrType.Bool)
        {
            Instruction number = new(Op.BoolToInt, IrType.I32, value) { Block = block };
            block.Body.Insert(at++, number);
            value = number;
        }
        block.Body.Insert(at, new Instruction(Op.Store, IrType.Void, local, value) { Mem = mem, Block = block });
    }

    private void ReplaceUses(Value old, Value value)
    {
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (Instruction user in block.Phis.Concat(block.Body))
                Replace(user.Args, old, value);
            if (block.Condition == old)
                block.Condition = value;
        }
    }

    private static void Replace(Value[] arguments, Value old, Value value)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == old)
                arguments[i] = value;
        }
    }

    private void CopyRounds()
    {
        List<BasicBlock> original = [.. loop.Blocks];
        var copies = new Dictionary<BasicBlock, BasicBlock>[rounds];
        for (int k = 0; k < rounds; k++)
            copies[k] = original.ToDictionary(b => b, _ => function.NewBlock());
        BasicBlock beyond = function.NewBlock();
        beyond.Refuse($"Kernel '{function.Name}': internal error, an unrolled loop runs over.");
        for (int k = 0; k < rounds; k++)
            CopyRound(original, copies[k], k + 1 < rounds ? copies[k + 1][loop.Header] : beyond);
        loop.Latch.Retarget(loop.Header, rounds == 0 ? beyond : copies[0][loop.Header]);
    }

    private void CopyRound(List<BasicBlock> original, Dictionary<BasicBlock, BasicBlock> copy, BasicBlock nextHeader)
    {
        Dictionary<Value, Value> values = [];
        Value Map(Value value) => values.GetValueOrDefault(value, value);
        foreach (BasicBlock block in original)
        {
            foreach (Instruction phi in block.Phis)
                values[phi] = new Instruction(Op.Phi, phi.Type);
            foreach (Instruction instruction in block.Body)
                values[instruction] = instruction.With([.. instruction.Args]);
        }
        foreach (BasicBlock block in original)
        {
            BasicBlock target = copy[block];
            foreach (Instruction phi in block.Phis)
            {
                Instruction clone = (Instruction)values[phi];
                for (int i = 0; i < phi.Args.Length; i++)
                    clone.AddIncoming(copy[phi.Incoming[i]], Map(phi.Args[i]));
                clone.Block = target;
                target.Phis.Add(clone);
            }
            foreach (Instruction instruction in block.Body)
            {
                Instruction clone = (Instruction)values[instruction];
                for (int i = 0; i < clone.Args.Length; i++)
                    clone.Args[i] = Map(clone.Args[i]);
                target.Append(clone);
            }
            target.CopyTerminator(block, b => b == loop.Header ? nextHeader : copy.GetValueOrDefault(b, b), Map);
        }
    }
}
