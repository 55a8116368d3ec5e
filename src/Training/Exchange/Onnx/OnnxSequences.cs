using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Ops.Recurrence;
using GpuGrad.Kernels.Ops.Steps;
using GpuGrad.Kernels.Tensors;
using static GpuGrad.Training.Exchange.Onnx.OnnxAttribute;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>Layers over sequences [N, T, F].</summary>
internal static class OnnxSequences
{
    // Index of our gate for ONNX's first, second, …: i, f, g, o become i, o, f, c and r, z, n become z, r, h.
    private static readonly int[] LstmGates = [0, 3, 1, 2], GruGates = [1, 0, 2], OneGate = [0];

    /// <summary>ONNX's RNN, LSTM or GRU, which project the input themselves: they include the matmul that precedes our op.</summary>
    public static string Recurrence(OnnxNode n, Recurrence op)
    {
        if (op.Lengths)
            throw new GpuGradException(Fault.Config, $"layer {n.Scope}: a recurrent layer over sequences of several lengths has no form in ONNX yet; expected sequences of one length, or an --out that ends in .safetensors");
        Node projection = n.InputTensor(0).Base.Producer!;
        int steps = n.OutputShape[1], units = n.OutputShape[2], features = projection.Inputs[1].Shape[1];
        int[] gates = op.Cell == RecurrentCell.Lstm ? LstmGates : op.Cell == RecurrentCell.Gru ? GruGates : OneGate;
        long[] order = [.. gates.SelectMany(g => Enumerable.Range(g * units, units)).Select(row => (long)row)];
        string Ordered(string rows) => order.Length == units ? rows : n.Add("Gather", [rows, n.Graph.Indices("gates", order)], Of("axis", 0));
        string Directed(string rows, params long[] sizes) => n.Add("Reshape", [rows, n.Graph.Indices("shape", [1, .. sizes])]);

        var rows = new Shape(steps, projection.Inputs[0].Shape[0] / steps, features);
        string samples = n.Graph.Reshape(n.Value(projection.Inputs[0]), projection.Inputs[0].Shape, new Shape(rows[1], steps, features));
        string x = n.Add("Transpose", [samples], Ints("perm", 1, 0, 2));
        string w = Directed(Ordered(n.Value(projection.Inputs[1])), order.Length, features), r = Directed(Ordered(n.Input(1)), order.Length, units);
        string[] bias = ((MatMul)projection.Op).Bias && op.Bias
            ? [Directed(n.Add("Concat", [Ordered(n.Value(projection.Inputs[2])), Ordered(n.Input(2))], Of("axis", 0)), 2 * order.Length)]
            : [];
        List<AttributeProto> attributes = [Of("hidden_size", units), Of("direction", op.Reverse ? "reverse" : "forward")];
        if (op.Cell == RecurrentCell.Gru)
            attributes.Add(Of("linear_before_reset", 1));
        if (op.Cell == RecurrentCell.Relu)
            attributes.Add(Texts("activations", "Relu"));
        string kind = op.Cell == RecurrentCell.Lstm ? "LSTM" : op.Cell == RecurrentCell.Gru ? "GRU" : "RNN";
        string y = n.Add(kind, [x, w, r, .. bias], [.. attributes]); // [T, 1, N, H]
        return n.Graph.Reshape(n.Add("Transpose", [y], Ints("perm", 2, 0, 1, 3)), new Shape(rows[1], steps, 1, units), n.OutputShape);
    }

    public static string Pool(OnnxNode n, TimePool op)
    {
        if (op.Lengths)
            throw new GpuGradException(Fault.Config, $"layer {n.Scope}: a pooling over sequences of several lengths has no form in ONNX yet; expected sequences of one length, or an --out that ends in .safetensors");
        Shape x = n.InputShape();
        if (op.Pooling == TimePooling.Last)
        {
            string last = n.Add("Slice", [n.Input(), n.Graph.Indices("starts", [x[1] - 1]), n.Graph.Indices("ends", [x[1]]), n.Graph.Indices("axes", [1])]);
            return n.Graph.Reshape(last, x.With(1, 1), n.OutputShape);
        }
        string features = n.Add("Transpose", [n.Input()], Ints("perm", 0, 2, 1));
        return n.Graph.Reshape(n.Add(op.Pooling == TimePooling.Mean ? "GlobalAveragePool" : "GlobalMaxPool", [features]), n.OutputShape.Append(1), n.OutputShape);
    }
}
