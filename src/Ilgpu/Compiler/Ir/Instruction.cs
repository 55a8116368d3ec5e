using System.Globalization;
using System.Text;

namespace ILGPU.Compiler.Ir;

/// <summary>One operation and, where it has a result, the virtual register that holds it.</summary>
internal sealed class Instruction(Op op, IrType type, params Value[] args) : Value(type)
{
    public Op Op { get; } = op;
    public Value[] Args { get; set; } = args;

    /// <summary>Phi: the block each argument comes from.</summary>
    public List<BasicBlock> Incoming { get; } = op == Op.Phi ? [] : Empty;
    private static readonly List<BasicBlock> Empty = [];

    public Predicate Predicate { get; init; }
    public MemType Mem { get; init; }
    /// <summary>Load, Store, Atomic, Address: added to the address, in bytes. Extract: which part.</summary>
    public long Offset { get; set; }
    /// <summary>Address: bytes an index step.</summary>
    public int Scale { get; init; }
    /// <summary>Load, Store: elements.</summary>
    public int Count { get; init; } = 1;
    /// <summary>Atomic, BarrierReduce, Shuffle, Fence: which.</summary>
    public int Kind { get; init; }
    public object? Aux { get; init; }

    public BasicBlock? Block { get; set; }

    /// <summary>Number for printing and register names; set by the emitters.</summary>
    public int Number { get; set; } = -1;

    public bool HasSideEffects => Op is Op.Store or Op.Atomic or Op.AtomicCas or Op.Barrier or Op.BarrierReduce
        or Op.WarpBarrier or Op.Shuffle or Op.Fence or Op.Asm;

    public bool TouchesMemory => HasSideEffects || Op == Op.Load;

    /// <summary>The same operation on other arguments.</summary>
    public Instruction With(params Value[] newArgs) => new(Op, Type, newArgs)
    {
        Predicate = Predicate,
        Mem = Mem,
        Offset = Offset,
        Scale = Scale,
        Count = Count,
        Kind = Kind,
        Aux = Aux,
    };

    public void AddIncoming(BasicBlock from, Value value)
    {
        Incoming.Add(from);
        Args = [.. Args, value];
    }

    public void RemoveIncoming(BasicBlock from)
    {
        int i = Incoming.IndexOf(from);
        if (i < 0)
            return;
        Incoming.RemoveAt(i);
        Args = [.. Args[..i], .. Args[(i + 1)..]];
    }

    public override string ToString() => Number >= 0 ? string.Create(CultureInfo.InvariantCulture, $"%{Number}") : "%?";

    public string Describe()
    {
        StringBuilder text = new();
        if (Type != IrType.Void)
            text.Append(CultureInfo.InvariantCulture, $"{this}:{Type} = ");
        text.Append(Op);
        if (Op == Op.Compare)
            text.Append('.').Append(Predicate);
        if (Op is Op.Load or Op.Store or Op.Atomic or Op.AtomicCas)
            text.Append(CultureInfo.InvariantCulture, $".{Mem}x{Count}");
        if (Op is Op.Atomic)
            text.Append('.').Append((AtomicKind)Kind);
        text.Append(' ').AppendJoin(", ", Args.Select((a, i) => Op == Op.Phi ? $"[{a} from {Incoming[i]}]" : a.ToString()));
        if (Scale != 0)
            text.Append(CultureInfo.InvariantCulture, $" *{Scale}");
        if (Offset != 0)
            text.Append(CultureInfo.InvariantCulture, $" +{Offset}");
        return text.ToString();
    }
}
