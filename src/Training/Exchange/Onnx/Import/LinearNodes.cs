using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>Matmuls with fixed weights, constants that are added to or multiplied with their results, and lookup tables.</summary>
internal static class LinearNodes
{
    public static IReadOnlyList<ImportedLayer> Gemm(NodeReading n)
    {
        n.Require(n.Place == 0 && n.Node.Whole("transA", 0) == 0, "samples are not the rows of its first factor", "x·W + b");
        (double alpha, double beta) = (n.Node.Real("alpha", 1), n.Node.Real("beta", 1));
        (float[] weight, int units) = Weight(n, transposed: n.Node.Whole("transB", 0) != 0);
        var layer = Dense(n, Scaled(weight, alpha), units);
        if (n.Source.Fixed(n.Node, 2, "bias") is not { } bias)
            return [layer.Set("bias", false)];
        n.Require(bias.Dims.Count == 0 || bias.Count == 1 || bias.Dims[^1] == bias.Count, $"its third input has shape [{string.Join(", ", bias.Dims)}]", "a number for each unit, the same for all samples");
        layer.Weights["bias"] = Scaled(n.Numbers(2, "bias", units), beta);
        return [layer];
    }

    /// <summary>A matmul over the last axis of [N, steps, features], written as reshape, matmul and reshape back; null if the nodes are not that.</summary>
    public static (IReadOnlyList<ImportedLayer>, string)? Formula(PathReader path, Stage[] stages, Shape shape)
    {
        if (stages.Length < 3 || !stages[..3].All(s => s.Nodes.Count == 1) || shape.Rank < 2
            || stages[0].Nodes[0] is not { OpType: "Reshape" } rows || stages[1].Nodes[0] is not { OpType: "Gemm" or "MatMul" } product || stages[2].Nodes[0] is not { OpType: "Reshape" } back
            || path.Source.Fixed(rows.Input[1])?.Longs() is not [-1, var features] || features != shape[^1])
            return null;
        var reading = new NodeReading(path, product, stages[0].End, new Shape(shape[^1]), []);
        IReadOnlyList<ImportedLayer> layers = product.OpType == "Gemm" ? Gemm(reading) : MatMul(reading);
        int units = layers[0].Weights["weight"].Length / shape[^1];
        if (path.Source.Fixed(back.Input[1])?.Longs() is not { } sizes || sizes.Length != shape.Rank + 1 || sizes[^1] != units || !sizes[1..^1].SequenceEqual(shape.Sizes[..^1].ToArray().Select(s => (long)s)))
            return null;
        path.Take([rows, product, back]);
        return (layers, stages[2].End);
    }

    public static IReadOnlyList<ImportedLayer> MatMul(NodeReading n)
    {
        n.Require(n.Place == 0, "samples are its second factor", "x·W");
        n.Require(n.Shape.Rank <= 2, $"its input has shape {n.Shape.Prepend(1).With(0, 1)}", "rows, [N, features] or [N, steps, features]");
        (float[] weight, int units) = Weight(n, transposed: false);
        return [Dense(n, weight, units).Set("bias", false)];
    }

    /// <summary>x ± c and x·c: folded into the weights of the layer before, if it is linear.</summary>
    public static IReadOnlyList<ImportedLayer> Affine(NodeReading n)
    {
        OnnxTensor constant = n.Source.Needed(n.Node, 1 - n.Place, "second factor");
        string op = n.Node.OpType;
        ImportedLayer? before = n.Before.LastOrDefault();
        int channelAxis = before?.Kind is "dense" ? n.Shape.Rank - 1 : 0;
        n.Require(before?.Kind is "dense" or "conv" or "conv-transpose" or "batchnorm" or "groupnorm", "there is no layer before it whose weights could absorb it", "a fixed number for each channel right after a convolution, a dense layer or a normalisation");
        n.Require(op != "Div" || n.Place == 0, "it divides by a computed value", "a division by fixed numbers");
        float[] factors = PerChannel(n, constant, channelAxis);
        bool adds = op is "Add" or "Sub";
        if (op == "Div")
            factors = Array.ConvertAll(factors, f => 1 / f);
        if (op == "Sub" && n.Place == 0)
            factors = Array.ConvertAll(factors, f => -f);
        if (op == "Sub" && n.Place == 1)
            Multiply(before!, Array.ConvertAll(factors, _ => -1f));
        if (adds)
            Add(before!, factors);
        else
            Multiply(before!, factors);
        return [];
    }

    public static IReadOnlyList<ImportedLayer> Gather(NodeReading n)
    {
        OnnxTensor table = n.Source.Needed(n.Node, 0, "table");
        n.Require(n.Place == 1 && n.Node.Whole("axis", 0) == 0 && table.Dims.Count == 2, "it does not look up rows of a fixed table", "a table [rows, width] and axis 0");
        var layer = new ImportedLayer("embedding").Set("rows", (int)table.Dims[0]).Set("width", (int)table.Dims[1]);
        layer.Weights["weight"] = table.Floats();
        return [layer];
    }

    private static ImportedLayer Dense(NodeReading n, float[] weight, int units)
    {
        var layer = new ImportedLayer("dense").Set("units", units);
        layer.Weights["weight"] = weight;
        return layer;
    }

    // The weights as [units, features], the layout of a dense layer.
    private static (float[] Weight, int Units) Weight(NodeReading n, bool transposed)
    {
        OnnxTensor tensor = n.Source.Needed(n.Node, 1, "weights");
        n.Require(tensor.Dims.Count == 2, $"its weights have shape [{string.Join(", ", tensor.Dims)}]", "a matrix");
        int rows = (int)tensor.Dims[0], columns = (int)tensor.Dims[1], features = n.Shape[^1];
        n.Require((transposed ? columns : rows) == features, $"its weights have shape [{rows}, {columns}] and its input {features} features", "sizes that fit");
        return transposed ? (tensor.Floats(), rows) : (tensor.Transposed().Floats(), columns);
    }

    private static float[] PerChannel(NodeReading n, OnnxTensor constant, int axis)
    {
        int channels = n.Shape[axis];
        if (constant.Count == 1)
            return [.. Enumerable.Repeat(constant.Floats()[0], channels)];
        long[] dims = [.. Enumerable.Repeat(1L, Math.Max(0, n.Rank - constant.Dims.Count)), .. constant.Dims];
        n.Require(dims.Length == n.Rank && dims[axis + 1] == channels && constant.Count == channels, $"its fixed numbers have shape [{string.Join(", ", constant.Dims)}]", $"one for each of {channels} channels");
        return constant.Floats();
    }

    private static void Add(ImportedLayer layer, float[] numbers)
    {
        if (layer.Weights.TryGetValue("bias", out float[]? bias))
        {
            layer.Weights["bias"] = [.. bias.Zip(numbers, (a, b) => a + b)];
            return;
        }
        layer.Weights["bias"] = numbers;
        layer.Remove("bias");
    }

    private static void Multiply(ImportedLayer layer, float[] factors)
    {
        float[] weight = layer.Weights["weight"];
        if (layer.Kind == "conv-transpose")
            layer.Weights["weight"] = MultipliedTransposed(weight, factors, layer);
        else
            layer.Weights["weight"] = [.. weight.Select((w, i) => w * factors[i / (weight.Length / factors.Length)])];
        if (layer.Weights.TryGetValue("bias", out float[]? bias))
            layer.Weights["bias"] = [.. bias.Zip(factors, (a, b) => a * b)];
    }

    // [C, K/groups, R, S]
    private static float[] MultipliedTransposed(float[] weight, float[] factors, ImportedLayer layer)
    {
        (int channels, int groups) = layer.TransposedConv;
        int perGroup = factors.Length / groups, plane = weight.Length / (channels * perGroup);
        return [.. weight.Select((w, i) => w * factors[(i / (plane * perGroup) / (channels / groups) * perGroup) + (i / plane % perGroup)])];
    }

    private static float[] Scaled(float[] values, double factor) => factor == 1 ? values : Array.ConvertAll(values, v => (float)(v * factor));
}
