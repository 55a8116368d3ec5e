namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>The recurrent cells.</summary>
public abstract class RecurrentCell
{
    private protected RecurrentCell(string name) => Name = name;

    public static RecurrentCell Tanh { get; } = new RecurrentCell<TanhCell>("rnn");

    public static RecurrentCell Relu { get; } = new RecurrentCell<ReluCell>("rnn relu");

    public static RecurrentCell Lstm { get; } = new RecurrentCell<LstmCell>("lstm");

    public static RecurrentCell Gru { get; } = new RecurrentCell<GruCell>("gru");

    public static IReadOnlyList<RecurrentCell> All { get; } = [Tanh, Relu, Lstm, Gru];

    public string Name { get; }

    /// <summary>Rows of the weights per unit.</summary>
    public abstract int Gates { get; }

    /// <summary>Number of tensors in the state that a step passes to the next: h, and for an LSTM c.</summary>
    public int States => Memory < 0 ? 1 : 2;

    /// <summary>Offset of c in the second output of <see cref="Recurrence"/>, in units; negative for a cell without c.</summary>
    public int MemoryAt => Memory;

    internal abstract int Saved { get; }

    /// <summary>Index of c among the saved numbers; negative for none.</summary>
    internal abstract int Memory { get; }

    internal abstract bool Splits { get; }

    internal abstract int Flops { get; }

    public override string ToString() => Name;

    /// <summary>Calls the visitor with the cell's type.</summary>
    internal abstract void Accept(ICellUser user);
}

internal sealed class RecurrentCell<C>(string name) : RecurrentCell(name) where C : struct, ICell
{
    public override int Gates => C.Gates;

    internal override int Saved => C.Saved;

    internal override int Memory => C.Memory;

    internal override bool Splits => C.Splits;

    internal override int Flops => C.Flops;

    internal override void Accept(ICellUser user) => user.Use<C>();
}

/// <summary>A visitor that receives the cell's static type.</summary>
internal interface ICellUser
{
    void Use<C>() where C : struct, ICell;
}
