using GpuGrad.Kernels.Ops.Attention;
using GpuGrad.Kernels.Ops.Normalization;
using GpuGrad.Kernels.Tensors;
using static GpuGrad.Training.Exchange.Onnx.OnnxAttribute;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>Ops of sequences in ONNX. The model takes sequences without padding: all steps are real.</summary>
internal static class OnnxAttention
{
    private const int ReducesByInput = 18;

    public static string Attention(OnnxNode n, Attention op)
    {
        Shape packed = n.InputShape();
        (int batch, int steps, int groups, int share) = (packed[0], packed[1], op.Groups, op.Heads / op.Groups);
        int parts = op.Heads + (2 * groups), width = packed[2] / parts;
        string x = n.Graph.Reshape(n.Input(), packed, new Shape(batch, steps, parts, width));
        string heads = n.Add("Transpose", [x], Ints("perm", 0, 2, 1, 3)), columns = n.Add("Transpose", [x], Ints("perm", 0, 2, 3, 1));
        // Heads that share keys have an axis of their own, along which keys and values have size 1.
        var many = new Shape(batch, groups, share, steps, width);
        string queries = n.Graph.Reshape(Slice(n, heads, 1, 0, op.Heads), new Shape(batch, op.Heads, steps, width), many);
        string keys = n.Graph.Reshape(Slice(n, columns, 1, op.Heads, op.Heads + groups), new Shape(batch, groups, width, steps), new Shape(batch, groups, 1, width, steps));
        string values = n.Graph.Reshape(Slice(n, heads, 1, op.Heads + groups, parts), new Shape(batch, groups, steps, width), new Shape(batch, groups, 1, steps, width));
        string scores = n.Add("Mul", [n.Add("MatMul", [queries, keys]), n.Graph.Constant(1 / Math.Sqrt(width))]);
        if (op.Alibi)
            scores = n.Add("Sub", [scores, Distances(n, op, groups, share, steps)]);
        if (op.Causal)
            scores = n.Add("Add", [scores, Numbers(n, "causal", [steps, steps], i => i % steps > i / steps ? double.NegativeInfinity : 0)]);
        string y = n.Graph.Reshape(n.Add("MatMul", [n.Add("Softmax", [scores], Of("axis", -1)), values]), many, new Shape(batch, op.Heads, steps, width));
        return n.Graph.Reshape(n.Add("Transpose", [y], Ints("perm", 0, 2, 1, 3)), new Shape(batch, steps, op.Heads, width), n.OutputShape);
    }

    // A slope per head times the distance of two steps.
    private static string Distances(OnnxNode n, Attention op, int groups, int share, int steps)
    {
        double[] slopes = AlibiSlopes.Of(op.Heads);
        return n.Add("Mul", [Numbers(n, "slopes", [groups, share, 1, 1], i => slopes[i]), Numbers(n, "distances", [steps, steps], i => Math.Abs((i / steps) - (i % steps)))]);
    }

    public static string Rotary(OnnxNode n, Rotary op)
    {
        Shape all = n.InputShape();
        int turned = op.Heads * op.Width, half = op.Width / 2;
        Shape rows = new(all[0], all[1], turned), heads = new(all[0], all[1], op.Heads, op.Width);
        string x = n.Graph.Reshape(Slice(n, n.Input(), 2, 0, turned), rows, heads), u = Slice(n, x, 3, 0, half), v = Slice(n, x, 3, half, op.Width);
        string cos = Numbers(n, "cos", [all[1], 1, half], i => Math.Cos(op.Angle(i / half, i % half))), sin = Numbers(n, "sin", [all[1], 1, half], i => Math.Sin(op.Angle(i / half, i % half)));
        string first = n.Add("Sub", [n.Add("Mul", [u, cos]), n.Add("Mul", [v, sin])]), second = n.Add("Add", [n.Add("Mul", [v, cos]), n.Add("Mul", [u, sin])]);
        string y = n.Graph.Reshape(n.Add("Concat", [first, second], Of("axis", 3)), heads, rows);
        return turned == all[2] ? y : n.Add("Concat", [y, Slice(n, n.Input(), 2, turned, all[2])], Of("axis", 2));
    }

    public static string Sinusoids(OnnxNode n, AddSinusoids op)
    {
        (int steps, int width) = (n.InputShape()[1], n.InputShape()[2]);
        return n.Add("Add", [n.Input(), Numbers(n, "waves", [steps, width], i => op.Wave(i / width, i % width, width))]);
    }

    public static string Rms(OnnxNode n, RmsNorm op)
    {
        string squares = n.Add("Mul", [n.Input(), n.Input()]);
        string mean = n.Graph.Opset >= ReducesByInput ? n.Add("ReduceMean", [squares, n.Graph.Indices("axes", [-1])]) : n.Add("ReduceMean", [squares], Ints("axes", -1));
        string y = n.Add("Div", [n.Input(), n.Add("Sqrt", [n.Add("Add", [mean, n.Graph.Constant(op.Epsilon)])])]);
        return op.Affine ? n.Add("Mul", [y, n.Input(1)]) : y;
    }

    private static string Slice(OnnxNode n, string x, int axis, int begin, int end) =>
        n.Add("Slice", [x, n.Graph.Indices("begin", [begin]), n.Graph.Indices("end", [end]), n.Graph.Indices("axis", [axis])]);

    private static string Numbers(OnnxNode n, string name, int[] sizes, Func<int, double> at) =>
        n.Graph.Numbers(name, TensorProto.Types.DataType.Float, sizes, Enumerable.Range(0, sizes.Aggregate(1, (a, b) => checked(a * b))).Select(at));
}
