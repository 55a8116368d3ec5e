namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>A gate of a circuit: a number, a variable, or an operation on other gates.</summary>
/// <param name="Id">Its index in <see cref="Circuit.Gates"/>; its inputs have smaller ones.</param>
/// <param name="Function">The operation; null for numbers and variables.</param>
/// <param name="Inputs">Its input gates.</param>
/// <param name="Place">Its position in the text.</param>
public sealed record Gate(int Id, GateFunction? Function, IReadOnlyList<int> Inputs, TextSpan Place)
{
    /// <summary>The name of a variable, or of an intermediate value.</summary>
    public string? Name { get; init; }

    /// <summary>The value of a number.</summary>
    public double Constant { get; init; }

    public bool IsVariable => Function is null && Name is not null;

    public bool IsNumber => Function is null && Name is null;
}

/// <summary>An expression as a circuit of gates, in an order in which they can be evaluated.</summary>
public sealed class Circuit
{
    internal Circuit(string text, IReadOnlyList<Gate> gates)
    {
        Text = text;
        Gates = gates;
        var moves = new bool[gates.Count];
        foreach (Gate gate in gates)
            moves[gate.Id] = gate.IsVariable || gate.Inputs.Any(i => moves[i]);
        Moves = moves;
        Variables = [.. gates.Where(g => g.IsVariable)];
    }

    /// <summary>The expression as it was parsed.</summary>
    public string Text { get; }

    /// <summary>All gates; the last one is the output.</summary>
    public IReadOnlyList<Gate> Gates { get; }

    public Gate Output => Gates[^1];

    /// <summary>The variables, in order of occurrence.</summary>
    public IReadOnlyList<Gate> Variables { get; }

    /// <summary>Whether a gate depends on a variable.</summary>
    public IReadOnlyList<bool> Moves { get; }

    /// <summary>Parses an expression, such as <c>2*(x*y + max(z, w))</c>, or with intermediate values <c>q = x + y; q*z</c>.</summary>
    /// <exception cref="ExpressionException">It cannot be parsed; the message shows where.</exception>
    public static Circuit Parse(string text) => new ExpressionParser(text).ReadCircuit();

    /// <summary>Text of a gate's expression, shortened to a number of characters.</summary>
    public string TextOf(Gate gate, int most = 40)
    {
        if (gate.IsVariable)
            return gate.Name!;
        TextSpan place = gate.Place;
        string name = gate.Name is null ? "" : $"{gate.Name} = ";
        string text = string.Concat(Text.AsSpan(place.Start, Math.Min(place.Length, most)).ToString().Select(c => char.IsControl(c) ? ' ' : c));
        return place.Length <= most ? name + text : $"{name}{text[..(most - 1)]}…";
    }

    /// <summary>Computes the value of every gate, forward, and the gradient of the output with respect to every gate, backward.</summary>
    /// <param name="values">A number for each of <see cref="Variables"/>.</param>
    /// <exception cref="ExpressionException">A variable has no value, or a gate is undefined there.</exception>
    public CircuitRun Run(IReadOnlyDictionary<string, double> values)
    {
        foreach (Gate variable in Variables)
        {
            if (!values.ContainsKey(variable.Name!))
                throw new ExpressionException(Text, variable.Place, $"'{Tokens.Short(variable.Name!)}' has no value; expected one, e.g. --at {Tokens.Short(variable.Name!)}=1");
        }
        return new CircuitRun(this, [.. Variables.Select(v => values[v.Name!])]);
    }
}
