using System.Globalization;

namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>A circuit at one point: values forward, gradients backward.</summary>
public sealed class CircuitRun
{
    private readonly double[] values;
    private readonly double[] gradients;
    private readonly double[][] slopes;

    internal CircuitRun(Circuit circuit, double[] point)
    {
        Circuit = circuit;
        Point = point;
        values = new double[circuit.Gates.Count];
        gradients = new double[circuit.Gates.Count];
        slopes = new double[circuit.Gates.Count][];
        Forward();
        Backward();
    }

    public Circuit Circuit { get; }

    /// <summary>The value of each variable.</summary>
    public IReadOnlyList<double> Point { get; }

    /// <summary>The value of each gate.</summary>
    public IReadOnlyList<double> Values => values;

    /// <summary>The gradient of the output with respect to each gate.</summary>
    public IReadOnlyList<double> Gradients => gradients;

    public double Value => values[^1];

    /// <summary>The local gradients of a gate: the derivative of its value with respect to each of its inputs.</summary>
    public IReadOnlyList<double> SlopesOf(Gate gate) => slopes[gate.Id];

    /// <summary>Describes how the gradient flows through a gate to one of its inputs.</summary>
    public string RuleOf(Gate gate, int input) => gate.Function!.Rule(InputsOf(gate), input);

    /// <summary>The gates at a kink, with the reason. Gates below them have no gradient in the strict sense.</summary>
    public IReadOnlyList<(Gate Gate, string Why)> Kinks =>
        [.. Circuit.Gates.Where(g => g.Function is not null && Circuit.Moves[g.Id])
            .Select(g => (g, g.Function!.Kink(InputsOf(g)))).Where(k => k.Item2 is not null).Select(k => (k.g, k.Item2!))];

    /// <summary>Computes only the value at another point; NaN for an undefined gate. Records the smooth piece of each gate.</summary>
    internal static double Evaluate(Circuit circuit, ReadOnlySpan<double> point, double[] values, long[] pieces)
    {
        int variable = 0;
        foreach (Gate gate in circuit.Gates)
        {
            if (gate.Function is null)
            {
                values[gate.Id] = gate.IsVariable ? point[variable++] : gate.Constant;
                continue;
            }
            double[] inputs = [.. gate.Inputs.Select(i => values[i])];
            bool[] moves = [.. gate.Inputs.Select(i => circuit.Moves[i])];
            if (gate.Function.Problem(inputs, moves) is not null)
                return double.NaN;
            values[gate.Id] = gate.Function.Value(inputs);
            pieces[gate.Id] = gate.Function.Piece(inputs);
        }
        return values[^1];
    }

    private double[] InputsOf(Gate gate) => [.. gate.Inputs.Select(i => values[i])];

    private void Forward()
    {
        int variable = 0;
        foreach (Gate gate in Circuit.Gates)
        {
            if (gate.Function is null)
            {
                values[gate.Id] = gate.IsVariable ? Point[variable++] : gate.Constant;
                continue;
            }
            double[] inputs = InputsOf(gate);
            if (gate.Function.Problem(inputs, [.. gate.Inputs.Select(i => Circuit.Moves[i])]) is string problem)
                throw new ExpressionException(Circuit.Text, gate.Place, problem);
            values[gate.Id] = gate.Function.Value(inputs);
            if (!double.IsFinite(values[gate.Id]))
                throw new ExpressionException(Circuit.Text, gate.Place, string.Create(CultureInfo.InvariantCulture, $"the value of '{gate.Function.Name}' is {values[gate.Id]}; expected a number below 1.8e308"));
        }
    }

    // The chain rule from the output to the variables: a gate's gradient is complete when its turn comes, because all gates that
    // use it come later in the order. Several uses of a gate are summed.
    private void Backward()
    {
        gradients[^1] = 1;
        for (int i = Circuit.Gates.Count - 1; i >= 0; i--)
        {
            Gate gate = Circuit.Gates[i];
            slopes[i] = new double[gate.Inputs.Count];
            if (gate.Function is null)
                continue;
            gate.Function.Slopes(InputsOf(gate), values[i], slopes[i]);
            for (int input = 0; input < gate.Inputs.Count; input++)
                gradients[gate.Inputs[input]] += gradients[i] == 0 ? 0 : gradients[i] * slopes[i][input];
        }
    }
}
