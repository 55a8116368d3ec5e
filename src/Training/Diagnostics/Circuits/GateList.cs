namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>A gate with its text, including parentheses, or its name.</summary>
internal readonly record struct Operand(int Gate, TextSpan Place);

/// <summary>The gates of an expression during parsing, inputs before the gates that use them.</summary>
internal sealed class GateList
{
    private readonly List<Gate> gates = [];

    public Gate this[int gate] => gates[gate];

    public Gate? FirstVariable => gates.FirstOrDefault(g => g.IsVariable);

    /// <summary>A variable, by name, or a number.</summary>
    public Operand Leaf(Token token, string? name, double constant)
    {
        gates.Add(new Gate(gates.Count, null, [], token.Place) { Name = name, Constant = constant });
        return new Operand(gates.Count - 1, token.Place);
    }

    /// <summary>A function of two operands; its text spans both.</summary>
    public Operand Join(GateFunction function, Operand left, Operand right) => New(function, [left.Gate, right.Gate], left.Place.To(right.Place));

    public Operand New(GateFunction function, int[] inputs, TextSpan place)
    {
        gates.Add(new Gate(gates.Count, function, inputs, place));
        return new Operand(gates.Count - 1, place);
    }

    /// <summary>Names a gate, if it has no name.</summary>
    public void Call(int gate, string name)
    {
        if (gates[gate] is { Function: not null, Name: null })
            gates[gate] = gates[gate] with { Name = name };
    }

    public void Clear() => gates.Clear();

    /// <summary>The gates that an output needs, renumbered.</summary>
    public List<Gate> Needed(int output)
    {
        var needed = new bool[gates.Count];
        needed[output] = true;
        for (int i = output; i >= 0; i--)
        {
            foreach (int input in needed[i] ? gates[i].Inputs : [])
                needed[input] = true;
        }
        var places = new int[gates.Count];
        var kept = new List<Gate>();
        foreach (Gate gate in gates.Where(g => needed[g.Id]))
        {
            places[gate.Id] = kept.Count;
            kept.Add(gate with { Id = kept.Count, Inputs = [.. gate.Inputs.Select(i => places[i])] });
        }
        return kept;
    }
}
