using System.Globalization;

namespace ILGPU.Compiler.Ir;

internal enum Terminator : byte
{
    None,
    Jump,
    Branch,
    Return,
    /// <summary>What a device cannot do; an error if it is still reachable after optimisation.</summary>
    Refuse,
}

/// <summary>Instructions in order and where to go after them.</summary>
internal sealed class BasicBlock(int id)
{
    public int Id { get; } = id;
    public List<Instruction> Phis { get; private set; } = [];
    public List<Instruction> Body { get; set; } = [];
    public Terminator Terminator { get; private set; }
    public Value? Condition { get; set; }
    /// <summary>The target of a jump, or of a branch whose condition holds.</summary>
    public BasicBlock? Then { get; private set; }
    public BasicBlock? Else { get; private set; }
    public string? Reason { get; private set; }

    /// <summary>Filled by <see cref="ControlFlow"/>.</summary>
    public List<BasicBlock> Predecessors { get; } = [];

    public IEnumerable<BasicBlock> Successors
    {
        get
        {
            if (Then != null)
                yield return Then;
            if (Else != null)
                yield return Else;
        }
    }

    public void Jump(BasicBlock target) => Terminate(Terminator.Jump, null, target, null, null);

    public void Branch(Value condition, BasicBlock then, BasicBlock @else)
    {
        if (then == @else)
            Jump(then);
        else
            Terminate(Terminator.Branch, condition, then, @else, null);
    }

    public void Return() => Terminate(Terminator.Return, null, null, null, null);
    public void Refuse(string reason) => Terminate(Terminator.Refuse, null, null, null, reason);

    public void CopyTerminator(BasicBlock from, Func<BasicBlock, BasicBlock> map, Func<Value, Value> value) =>
        Terminate(from.Terminator, from.Condition == null ? null : value(from.Condition), from.Then == null ? null : map(from.Then),
            from.Else == null ? null : map(from.Else), from.Reason);

    public void Retarget(BasicBlock from, BasicBlock to)
    {
        if (Then == from)
            Then = to;
        if (Else == from)
            Else = to;
        if (Then == Else && Terminator == Terminator.Branch)
            Jump(Then!);
    }

    public void TakePhis(List<Instruction> phis)
    {
        Phis = phis;
        foreach (Instruction phi in phis)
            phi.Block = this;
    }

    public void Append(Instruction instruction)
    {
        instruction.Block = this;
        Body.Add(instruction);
    }

    private void Terminate(Terminator kind, Value? condition, BasicBlock? then, BasicBlock? @else, string? reason)
    {
        Terminator = kind;
        Condition = condition;
        Then = then;
        Else = @else;
        Reason = reason;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"b{Id}");
}
