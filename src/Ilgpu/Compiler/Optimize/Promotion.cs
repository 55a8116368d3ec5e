using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>
/// Locals become registers: every local whose address does not escape and whose accesses are at constant, non-overlapping
/// places is split into these places, and each is put into SSA form (phis at dominance frontiers, then renaming along the
/// dominator tree). What is read before it is written reads zero.
/// </summary>
internal sealed class Promotion
{
    private readonly Function function;
    private readonly ControlFlow flow;
    private readonly Dictionary<Value, (Local Local, long Offset)?> places = [];
    private readonly HashSet<Local> escaped = [];
    private readonly Dictionary<Local, Dictionary<long, Slot>> slots = [];
    private readonly HashSet<Local> loaded = [];
    private readonly List<Slot> variables = [];
    private readonly Dictionary<Instruction, Slot> phiSlots = [];
    private readonly Dictionary<Value, Value> forward = [];
    private readonly Dictionary<Instruction, Value[]> tuples = [];

    private Promotion(Function function)
    {
        this.function = function;
        flow = ControlFlow.Of(function);
    }

    /// <summary>A scalar place in a local.</summary>
    private sealed class Slot
    {
        public required int Size;
        public IrType Type = IrType.Void;
        public int Index;
        public readonly HashSet<BasicBlock> Writers = [];
    }

    /// <summary>True if anything was promoted.</summary>
    public static bool Run(Function function)
    {
        if (function.Locals.Count == 0)
            return false;
        Promotion promotion = new(function);
        promotion.FindSlots();
        if (promotion.variables.Count == 0 && promotion.slots.Count == 0)
            return false;
        promotion.PlacePhis();
        promotion.Rename();
        promotion.Finish();
        return true;
    }

    private (Local Local, long Offset)? Place(Value value)
    {
        if (value is Local local)
            return (local, 0);
        if (value is not Instruction { Op: Op.Address } address)
            return null;
        if (places.TryGetValue(address, out var known))
            return known;
        (Local Local, long Offset)? place = Place(address.Args[0]);
        if (place is { } p)
        {
            long index = address.Args.Length == 1 ? 0 : address.Args[1] is Constant c ? c.Bits : long.MinValue;
            if (index == long.MinValue)
            {
                escaped.Add(p.Local);
                place = null;
            }
            else
            {
                place = (p.Local, p.Offset + index * address.Scale + address.Offset);
            }
        }
        places[address] = place;
        return place;
    }

    private void FindSlots()
    {
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (Instruction instruction in block.Phis)
                Escape(instruction.Args, 0);
            foreach (Instruction instruction in block.Body)
            {
                if (instruction.Op is Op.Load or Op.Store && Place(instruction.Args[0]) is { } place)
                {
                    Escape(instruction.Args, 1);
                    Access(instruction, place.Local, place.Offset, block);
                }
                else if (instruction.Op != Op.Address)
                {
                    Escape(instruction.Args, 0);
                }
                else
                {
                    Place(instruction);
                }
            }
            if (block.Condition != null)
                Escape([block.Condition], 0);
        }
        foreach (Local local in slots.Keys.Where(l => escaped.Contains(l) || loaded.Contains(l) && !IsSplit(slots[l])).ToList())
            slots.Remove(local);
        foreach (Local local in slots.Keys.Where(l => loaded.Contains(l)))
        {
            foreach (Slot slot in slots[local].Values)
            {
                slot.Index = variables.Count;
                variables.Add(slot);
            }
        }
    }

    private void Escape(Value[] values, int from)
    {
        for (int i = from; i < values.Length; i++)
        {
            if (Place(values[i]) is { } place)
                escaped.Add(place.Local);
        }
    }

    private void Access(Instruction access, Local local, long offset, BasicBlock block)
    {
        if (!slots.TryGetValue(local, out var places))
            slots.Add(local, places = []);
        bool isLoad = access.Op == Op.Load;
        if (isLoad)
            loaded.Add(local);
        int size = access.Mem.Size();
        for (int i = 0; i < access.Count; i++)
        {
            long at = offset + access.Offset + i * size;
            if (at < 0 || at + size > local.Size)
                escaped.Add(local);
            if (!places.TryGetValue(at, out Slot? slot))
                places.Add(at, slot = new Slot { Size = size });
            IrType type = isLoad ? access.Mem.Register() : access.Args[1 + i].Type;
            if (slot.Type == IrType.Void)
                slot.Type = type;
            if (slot.Size != size || (slot.Type == IrType.Ptr) != (type == IrType.Ptr))
                escaped.Add(local);
            if (!isLoad)
                slot.Writers.Add(block);
        }
    }

    private static bool IsSplit(Dictionary<long, Slot> places)
    {
        long end = long.MinValue;
        foreach ((long at, Slot slot) in places.OrderBy(p => p.Key))
        {
            if (at < end)
                return false;
            end = at + slot.Size;
        }
        return true;
    }

    private void PlacePhis()
    {
        List<BasicBlock>[] frontiers = flow.Frontiers();
        foreach (Slot slot in variables)
        {
            HashSet<BasicBlock> placed = [];
            Stack<BasicBlock> work = new(slot.Writers);
            while (work.TryPop(out BasicBlock? block))
            {
                foreach (BasicBlock frontier in frontiers[flow.Position(block)])
                {
                    if (!placed.Add(frontier))
                        continue;
                    Instruction phi = new(Op.Phi, slot.Type) { Block = frontier };
                    frontier.Phis.Add(phi);
                    phiSlots.Add(phi, slot);
                    work.Push(frontier);
                }
            }
        }
    }

    private void Rename()
    {
        Value[] current = [.. variables.Select(s => (Value)Constant.Zero(s.Type))];
        Stack<(BasicBlock Block, Value[] State)> work = new([(function.Entry, current)]);
        while (work.TryPop(out var top))
        {
            Value[] state = top.State;
            RenameBlock(top.Block, state);
            List<BasicBlock> children = flow.Children[flow.Position(top.Block)];
            for (int i = 0; i < children.Count; i++)
                work.Push((children[i], i == 0 ? state : (Value[])state.Clone()));
        }
    }

    private void RenameBlock(BasicBlock block, Value[] state)
    {
        foreach (Instruction phi in block.Phis)
        {
            if (phiSlots.TryGetValue(phi, out Slot? slot))
                state[slot.Index] = phi;
        }
        List<Instruction> body = [];
        foreach (Instruction instruction in block.Body)
        {
            for (int i = 0; i < instruction.Args.Length; i++)
                instruction.Args[i] = Resolve(instruction.Args[i]);
            if (instruction.Op is Op.Load or Op.Store && Place(instruction.Args[0]) is { } place && slots.TryGetValue(place.Local, out var places))
                RenameAccess(instruction, place.Offset, places, state, body, block);
            else if (instruction is { Op: Op.Extract } && instruction.Args[0] is Instruction source && tuples.TryGetValue(source, out Value[]? parts))
                forward[instruction] = parts[instruction.Offset];
            else
                body.Add(instruction);
        }
        block.Body = body;
        foreach (BasicBlock successor in block.Successors)
        {
            foreach (Instruction phi in successor.Phis)
            {
                if (phiSlots.TryGetValue(phi, out Slot? slot))
                    phi.AddIncoming(block, state[slot.Index]);
            }
        }
    }

    private void RenameAccess(Instruction access, long offset, Dictionary<long, Slot> places, Value[] state, List<Instruction> body, BasicBlock block)
    {
        Value[] parts = new Value[access.Count];
        for (int i = 0; i < access.Count; i++)
        {
            Slot slot = places[offset + access.Offset + i * access.Mem.Size()];
            if (access.Op == Op.Store && variables.Count > slot.Index && variables[slot.Index] == slot)
                state[slot.Index] = Cast(access.Args[1 + i], slot.Type, body, block);
            else if (access.Op == Op.Load)
                parts[i] = Narrow(access.Mem, Cast(state[slot.Index], access.Mem.Register(), body, block), body, block);
        }
        if (access.Op != Op.Load)
            return;
        if (access.Type == IrType.Tuple)
            tuples.Add(access, parts);
        else
            forward[access] = parts[0];
    }

    private static Value Cast(Value value, IrType type, List<Instruction> body, BasicBlock block) =>
        value.Type == type ? value : Add(new Instruction(Op.Bitcast, type, value), body, block);

    /// <summary>What a narrow store cuts off and the load fills in again.</summary>
    private static Value Narrow(MemType mem, Value value, List<Instruction> body, BasicBlock block)
    {
        Op? op = mem switch
        {
            MemType.I8 => Op.SExt8,
            MemType.U8 => Op.ZExt8,
            MemType.I16 => Op.SExt16,
            MemType.U16 => Op.ZExt16,
            _ => null,
        };
        return op is { } narrow ? Add(new Instruction(narrow, IrType.I32, value), body, block) : value;
    }

    private static Value Add(Instruction instruction, List<Instruction> body, BasicBlock block)
    {
        if (Peephole.Fold(instruction) is { } folded)
            return folded;
        instruction.Block = block;
        body.Add(instruction);
        return instruction;
    }

    private Value Resolve(Value value)
    {
        while (forward.TryGetValue(value, out Value? next))
            value = next;
        return value;
    }

    private void Finish()
    {
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (Instruction instruction in block.Phis.Concat(block.Body))
            {
                for (int i = 0; i < instruction.Args.Length; i++)
                    instruction.Args[i] = Resolve(instruction.Args[i]);
            }
            if (block.Condition != null)
                block.Condition = Resolve(block.Condition);
        }
        function.Locals.RemoveAll(slots.ContainsKey);
    }
}
