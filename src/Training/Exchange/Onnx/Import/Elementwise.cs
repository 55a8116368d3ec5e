using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Activations;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>
/// Recognises nodes that compute y = f(x) elementwise, however they are written: f is evaluated at many points and compared with the
/// known activations. So an exporter's formula for gelu or silu is recognised as well as a node of that name.
/// </summary>
internal static class Elementwise
{
    private const int Points = 481;
    private const double Reach = 12, Tolerance = 2e-6; // constants in a model are float32

    private static readonly double[] Probes = [.. Enumerable.Range(0, Points).Select(i => (Reach * ((2.0 * i / (Points - 1)) - 1)) + 0.003)];

    /// <summary>Whether a node is elementwise in this sense: every constant input is a single number.</summary>
    public static bool Is(OnnxSource source, NodeProto node) =>
        Function(node, source.Opset) is not null && node.Output.Count(o => o.Length > 0) == 1 && node.Input.All(i => i.Length == 0 || source.IsComputed(i) || source.Fixed(i)?.Single is not null);

    /// <summary>The layer that is equivalent to the nodes; an empty list if they are the identity; null if there is no such layer.</summary>
    /// <param name="source">The graph.</param>
    /// <param name="nodes">The nodes, in an order in which they can run.</param>
    /// <param name="from">The input value.</param>
    /// <param name="to">The output value.</param>
    public static IReadOnlyList<ImportedLayer>? Layer(OnnxSource source, IReadOnlyList<NodeProto> nodes, string from, string to)
    {
        double[] found = Array.ConvertAll(Probes, x => Value(source, nodes, from, to, x));
        if (Agree(found, x => x))
            return [];
        double[] numbers = [.. nodes.SelectMany(n => Numbers(source, n)).SelectMany(v => new[] { v, 1 / v }).Where(v => v > 0 && double.IsFinite(v)).Distinct().Take(16)];
        foreach (Activation activation in Activation.All)
        {
            double[] parameters = activation.Parameter is null ? [0] : [activation.Default, .. numbers];
            foreach (double parameter in parameters.Where(p => Agree(found, x => activation.Value(x, p))))
            {
                var layer = new ImportedLayer(activation.Name);
                return [activation.Parameter is null || parameter == activation.Default ? layer : layer.Set(activation.Parameter, parameter)];
            }
        }
        return null;
    }

    private static bool Agree(double[] found, Func<double, double> function)
    {
        for (int i = 0; i < Points; i++)
        {
            double expected = function(Probes[i]);
            if (!(Math.Abs(found[i] - expected) <= Tolerance * Math.Max(1, Math.Abs(expected))))
                return false;
        }
        return true;
    }

    private static double Value(OnnxSource source, IReadOnlyList<NodeProto> nodes, string from, string to, double x)
    {
        var values = new Dictionary<string, double> { [from] = x };
        foreach (NodeProto node in nodes)
        {
            double[] inputs = [.. node.Input.Select(i => i.Length == 0 ? double.NaN : values.TryGetValue(i, out double value) ? value : source.Fixed(i)!.Single!.Value)];
            values[node.Output[0]] = Function(node, source.Opset)!(inputs);
        }
        return values[to];
    }

    private static IEnumerable<double> Numbers(OnnxSource source, NodeProto node) =>
        node.Input.Where(i => i.Length > 0 && !source.IsComputed(i)).Select(i => source.Fixed(i)!.Single!.Value).Concat(node.Attribute.Where(a => a.HasF).Select(a => (double)a.F))
            .Concat(node is { OpType: "LeakyRelu" } ? [0.01] : []);

    // An input that is left out is NaN.
    private static Func<double[], double>? Function(NodeProto node, int opset)
    {
        double alpha = node.Real("alpha", node.OpType switch { "LeakyRelu" => 0.01, "HardSigmoid" => 0.2, "Selu" => 1.67326319217681884765625, _ => 1 });
        double gamma = node.Real("gamma", 1.05070102214813232421875), beta = node.Real("beta", 0.5);
        return node.OpType switch
        {
            "Identity" => v => v[0],
            "Relu" => v => Math.Max(0, v[0]),
            "LeakyRelu" => v => v[0] < 0 ? alpha * v[0] : v[0],
            "Elu" => v => v[0] < 0 ? alpha * double.ExpM1(v[0]) : v[0],
            "Selu" => v => gamma * (v[0] <= 0 ? alpha * double.ExpM1(v[0]) : v[0]),
            "Celu" => v => Math.Max(0, v[0]) + Math.Min(0, alpha * double.ExpM1(v[0] / alpha)),
            "ThresholdedRelu" => v => v[0] > alpha ? v[0] : 0,
            "Sigmoid" => v => Sigmoid(v[0]),
            "HardSigmoid" => v => Math.Clamp((alpha * v[0]) + beta, 0, 1),
            "HardSwish" => v => v[0] * Math.Clamp((v[0] / 6) + 0.5, 0, 1),
            "Softplus" => v => Softplus(v[0]),
            "Mish" => v => v[0] * Math.Tanh(Softplus(v[0])),
            "Gelu" => node.Text("approximate", "none") == "tanh" ? v => Activation.Find("gelu-tanh").Value(v[0], 0) : v => Activation.Find("gelu").Value(v[0], 0),
            "Swish" => v => v[0] * Sigmoid(alpha * v[0]),
            "Softsign" => v => v[0] / (1 + Math.Abs(v[0])),
            "Tanh" => v => Math.Tanh(v[0]),
            "Erf" => v => ErrorFunction.Erf(v[0]),
            "Exp" => v => Math.Exp(v[0]),
            "Log" => v => Math.Log(v[0]),
            "Sqrt" => v => Math.Sqrt(v[0]),
            "Abs" => v => Math.Abs(v[0]),
            "Neg" => v => -v[0],
            "Reciprocal" => v => 1 / v[0],
            "Pow" => v => Math.Pow(v[0], v[1]),
            "Add" => v => v[0] + v[1],
            "Sub" => v => v[0] - v[1],
            "Mul" => v => v[0] * v[1],
            "Div" => v => v[0] / v[1],
            "Min" => v => v.Min(),
            "Max" => v => v.Max(),
            "Clip" when opset < 11 => v => Math.Min(Math.Max(v[0], node.Real("min", double.NegativeInfinity)), node.Real("max", double.PositiveInfinity)),
            "Clip" => v => Math.Min(Math.Max(v[0], Limit(v, 1, double.NegativeInfinity)), Limit(v, 2, double.PositiveInfinity)),
            _ => null,
        };
    }

    private static double Limit(double[] inputs, int at, double otherwise) => at < inputs.Length && !double.IsNaN(inputs[at]) ? inputs[at] : otherwise;

    private static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));

    private static double Softplus(double x) => Math.Max(0, x) + double.LogP1(Math.Exp(-Math.Abs(x)));
}
