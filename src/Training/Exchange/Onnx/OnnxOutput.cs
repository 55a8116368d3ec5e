using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Losses;
using static GpuGrad.Training.Exchange.Onnx.OnnxAttribute;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>The model's outputs: the network's output, and on request probabilities if it has them.</summary>
internal static class OnnxOutput
{
    private const string Name = "y", Probabilities = "probabilities";

    /// <param name="graph">The ONNX graph.</param>
    /// <param name="loss">The training loss, which defines what the outputs mean.</param>
    /// <param name="fitted">Fitted in training.</param>
    /// <param name="output">Shape of the output for one sample.</param>
    /// <param name="y">Name of the output.</param>
    /// <param name="options">Export options.</param>
    public static void Add(OnnxGraph graph, LossConfig loss, FittedInput fitted, Shape output, string y, OnnxOptions options)
    {
        DataShape data = fitted.Shape;
        (string meaning, Func<string>? probabilities) = loss.Output switch
        {
            OutputKind.ClassLogits when output[0] > 1 => ("logits: softmax over the classes, axis 1, makes them probabilities", () => graph.Add("Softmax", [y], Of("axis", 1))),
            OutputKind.ClassLogits or OutputKind.BinaryLogits => ("logits: sigmoid makes each a probability", () => Binary(graph, data, output, y)),
            OutputKind.LogRates => (options.Preprocessing ? "expected counts" : "logarithms of expected counts", null),
            _ when data.Classes > 0 => ("a score for each class", null),
            _ when fitted.Normalization.Targets is null || options.Preprocessing => ("predicted numbers", null),
            _ => ("predicted numbers, scaled like the targets: y / gpugrad.target_scale + gpugrad.target_centre is the prediction", (Func<string>?)null),
        };
        if (options.Probabilities && probabilities is null)
            throw new GpuGradException(Fault.Config, $"--with-probabilities: the network gives {meaning}; expected one whose outputs are logits, for a loss such as softmax-cross-entropy or bce-with-logits");
        graph.Scope = Probabilities;
        string? values = options.Probabilities ? probabilities!() : null;
        graph.Scope = "";
        graph.Output(options.Preprocessing ? InUnits(graph, loss, fitted.Normalization.Targets, output, y) : y, Name, output.Prepend(1), meaning);
        if (values is not null)
            graph.Output(values, Probabilities, (IsSecondOfTwo(data, output) ? output.With(0, 2) : output).Prepend(1), data.Classes > 0 ? "a probability for each class" : "probabilities");
    }

    // In the units of 'predict'.
    private static string InUnits(OnnxGraph graph, LossConfig loss, Normalization? targets, Shape output, string y)
    {
        graph.Scope = "postprocessing";
        y = loss.Output == OutputKind.LogRates ? graph.Add("Exp", [y]) : y;
        if (targets is null)
            return y;
        y = graph.Add("Div", [y, graph.Numbers("postprocessing/scale", TensorProto.Types.DataType.Float, output.Sizes, targets.Scale)]);
        return graph.Add("Add", [y, graph.Numbers("postprocessing/centre", TensorProto.Types.DataType.Float, output.Sizes, targets.Centre)]);
    }

    private static string Binary(OnnxGraph graph, DataShape data, Shape output, string y)
    {
        string p = graph.Add("Sigmoid", [y]);
        return IsSecondOfTwo(data, output) ? graph.Add("Concat", [graph.Add("Sub", [graph.Constant(1), p]), p], Of("axis", 1)) : p;
    }

    // A single number for two classes (per pixel, for masks) is that of the second.
    private static bool IsSecondOfTwo(DataShape data, Shape output) => data.Classes == 2 && output[0] == 1;
}
