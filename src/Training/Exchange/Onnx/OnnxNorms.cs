using GpuGrad.Kernels.Ops.Normalization;
using GpuGrad.Kernels.Tensors;
using static GpuGrad.Training.Exchange.Onnx.OnnxAttribute;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>Normalisations in inference: batch norm with its running statistics.</summary>
internal static class OnnxNorms
{
    private const int HasLayerNormalization = 17;

    public static string Batch(OnnxNode n, BatchNormInference op)
    {
        int[] channels = [n.InputShape()[1]];
        string scale = op.Affine ? n.Input(3) : n.Graph.Constant(1, channels), shift = op.Affine ? n.Input(4) : n.Graph.Constant(0, channels);
        return n.Add("BatchNormalization", [n.Input(), scale, shift, n.Input(1), n.Input(2)], Of("epsilon", op.Epsilon));
    }

    public static string Layer(OnnxNode n, LayerNorm op)
    {
        Shape x = n.InputShape();
        int[] normalized = x.Sizes[^op.Axes..].ToArray();
        if (n.Graph.Opset >= HasLayerNormalization)
        {
            string[] inputs = op.Affine ? [n.Input(0), n.Input(1), n.Input(2)] : [n.Input(), n.Graph.Constant(1, normalized)];
            return n.Add("LayerNormalization", inputs, Of("axis", -op.Axes), Of("epsilon", op.Epsilon));
        }
        Shape rows = new(x.LengthOf(..^op.Axes), 1, x.LengthOf(^op.Axes..));
        string y = Instances(n, rows, op.Epsilon);
        return op.Affine ? n.Add("Add", [n.Add("Mul", [y, n.Input(1)]), n.Input(2)]) : y;
    }

    public static string Group(OnnxNode n, GroupNorm op)
    {
        Shape x = n.InputShape();
        string y = Instances(n, new Shape(x[0], op.Groups, x.LengthOf(1..) / op.Groups), op.Epsilon);
        // γ and β belong to the channels, axis 1.
        var channels = new Shape([x[1], .. Enumerable.Repeat(1, x.Rank - 2)]);
        return op.Affine ? n.Add("Add", [n.Add("Mul", [y, n.Input(1, channels)]), n.Input(2, channels)]) : y;
    }

    // Each row of [N, groups, values] with its own mean and variance.
    private static string Instances(OnnxNode n, Shape rows, double epsilon)
    {
        int[] groups = [rows[1]];
        string x = n.Graph.Reshape(n.Input(), n.InputShape(), rows);
        string y = n.Add("InstanceNormalization", [x, n.Graph.Constant(1, groups), n.Graph.Constant(0, groups)], Of("epsilon", epsilon));
        return n.Graph.Reshape(y, rows, n.OutputShape);
    }
}
