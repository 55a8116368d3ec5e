using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Losses;
using static GpuGrad.Training.Exchange.Onnx.OnnxAttribute;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>The model's outputs: what the network gives, and probabilities where it can say them and they are asked for.</summary>
internal static class OnnxOutput
{
    private const string Name = "y", Probabilities = "probabilities";

    public static void Add(OnnxGraph graph, LossConfig loss, DataShape data, Shape output, string y, bool probabilities)
    {
        Shape batch = output.Prepend(1);
        (string meaning, Func<string>? nodes) = loss switch
        {
            SoftmaxCrossEntropyConfig => ("logits: softmax makes them probabilities", () => graph.Add("Softmax", [y], Of("axis", -1))),
            BinaryCrossEntropyConfig => ("logits: sigmoid makes each a probability", () => Binary(graph, data, output, y)),
            _ when data.Classes > 0 => ("a score for each class", null),
            _ => ("predicted numbers", (Func<string>?)null),
        };
        if (probabilities && nodes is null)
            throw new GpuGradException(Fault.Config, $"--with-probabilities: the network gives {meaning}; expected one trained with softmax-cross-entropy or bce-with-logits");
        graph.Scope = Probabilities;
        string? values = probabilities ? nodes!() : null;
        graph.Scope = "";
        graph.Output(y, Name, batch, meaning);
        if (values is not null)
            graph.Output(values, Probabilities, IsSecondOfTwo(data, output) ? new Shape(1, 2) : batch, data.Classes > 0 ? "a probability for each class" : "probabilities");
    }

    private static string Binary(OnnxGraph graph, DataShape data, Shape output, string y)
    {
        string p = graph.Add("Sigmoid", [y]);
        return IsSecondOfTwo(data, output) ? graph.Add("Concat", [graph.Add("Sub", [graph.Constant(1), p]), p], Of("axis", 1)) : p;
    }

    // One number for two classes says how likely the second is.
    private static bool IsSecondOfTwo(DataShape data, Shape output) => data.Classes == 2 && output.Length == 1;
}
