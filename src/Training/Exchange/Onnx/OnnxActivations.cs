using GpuGrad.Kernels.Ops.Elementwise;
using static GpuGrad.Training.Exchange.Onnx.OnnxAttribute;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>Activation functions in ONNX: as its own operator if the opset has one, else as a formula of basic ones.</summary>
internal static class OnnxActivations
{
    private const double OneOverSqrt2 = 0.70710678118654752440, SqrtTwoOverPi = 0.79788456080286535588, Cubic = 0.044715;
    private const int HasMish = 18, HasGelu = 20;

    private static readonly Dictionary<string, Func<OnnxNode, double, string>> All = new()
    {
        ["relu"] = (n, _) => n.Add("Relu", [n.Input()]),
        ["relu6"] = (n, _) => n.Add("Clip", [n.Input(), n.Graph.Constant(0), n.Graph.Constant(6)]),
        ["leaky-relu"] = (n, slope) => n.Add("LeakyRelu", [n.Input()], Of("alpha", slope)),
        ["elu"] = (n, alpha) => n.Add("Elu", [n.Input()], Of("alpha", alpha)),
        ["selu"] = (n, _) => n.Add("Selu", [n.Input()]),
        ["gelu"] = (n, _) => Gelu(n, "none", x => n.Add("Erf", [Times(n, x, OneOverSqrt2)])),
        ["gelu-tanh"] = (n, _) => Gelu(n, "tanh", x => n.Add("Tanh", [Times(n, n.Add("Add", [x, Times(n, n.Add("Mul", [n.Add("Mul", [x, x]), x]), Cubic)]), SqrtTwoOverPi)])),
        ["silu"] = (n, _) => n.Add("Mul", [n.Input(), n.Add("Sigmoid", [n.Input()])]),
        ["mish"] = (n, _) => n.Graph.Opset >= HasMish ? n.Add("Mish", [n.Input()]) : n.Add("Mul", [n.Input(), n.Add("Tanh", [n.Add("Softplus", [n.Input()])])]),
        ["softplus"] = (n, beta) => beta == 1 ? n.Add("Softplus", [n.Input()]) : n.Add("Div", [n.Add("Softplus", [Times(n, n.Input(), beta)]), n.Graph.Constant(beta)]),
        ["sigmoid"] = (n, _) => n.Add("Sigmoid", [n.Input()]),
        ["tanh"] = (n, _) => n.Add("Tanh", [n.Input()]),
        ["hard-sigmoid"] = (n, _) => HardSigmoid(n),
        ["hard-swish"] = (n, _) => n.Add("Mul", [n.Input(), HardSigmoid(n)]),
        ["hard-tanh"] = (n, _) => n.Add("Clip", [n.Input(), n.Graph.Constant(-1), n.Graph.Constant(1)]),
    };

    /// <summary>Makes the nodes of an activation function with its parameter; null if the op is not one.</summary>
    public static Func<OnnxNode, double, string>? Find(MapOp op) => All.GetValueOrDefault(op.Name);

    private static string Gelu(OnnxNode n, string approximate, Func<string, string> error)
    {
        string x = n.Input();
        return n.Graph.Opset >= HasGelu
            ? n.Add("Gelu", [x], Of("approximate", approximate))
            : n.Add("Mul", [Times(n, x, 0.5), n.Add("Add", [error(x), n.Graph.Constant(1)])]);
    }

    private static string HardSigmoid(OnnxNode n) => n.Add("HardSigmoid", [n.Input()], Of("alpha", 1 / 6.0), Of("beta", 0.5));

    private static string Times(OnnxNode n, string x, double factor) => n.Add("Mul", [x, n.Graph.Constant(factor)]);
}
