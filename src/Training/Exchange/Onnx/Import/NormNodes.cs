using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>Normalisations: as nodes, and as the formulas that exporters write for opsets without such a node.</summary>
internal static class NormNodes
{
    private const double Usual = 1e-5; // epsilon, in ONNX and in a config

    public static IReadOnlyList<ImportedLayer> Batch(NodeReading n)
    {
        n.Require(n.Node.Whole("training_mode", 0) == 0 && n.Place == 0, "it is in training mode", "a model for inference (training_mode 0)");
        int channels = n.Shape[0];
        var layer = WithEpsilon(n, new ImportedLayer("batchnorm"));
        double momentum = n.Node.Real("momentum", 0.9);
        if ((float)momentum != 0.9f)
            layer.Set("momentum", Math.Round(1 - momentum, 6)); // ONNX's momentum is the share that is kept
        layer.Weights["weight"] = n.Numbers(1, "scale", channels);
        layer.Weights["bias"] = n.Numbers(2, "bias", channels);
        layer.Weights["running_mean"] = n.Numbers(3, "mean", channels);
        layer.Weights["running_var"] = n.Numbers(4, "variance", channels);
        return [layer];
    }

    public static IReadOnlyList<ImportedLayer> Layer(NodeReading n)
    {
        int axis = ShapeMath.Axis(n.Node, n.Node.Whole("axis", -1), n.Rank);
        n.Require(axis > 0, "it normalises over the batch", "axis 1 or higher");
        int axes = n.Rank - axis, count = n.Shape.Sizes[^axes..].ToArray().Aggregate(1, (a, b) => checked(a * b));
        var layer = WithEpsilon(n, new ImportedLayer("layernorm"));
        if (axes < n.Shape.Rank)
            layer.Set("axes", axes);
        layer.Weights["weight"] = n.Numbers(1, "scale", count);
        layer.Weights["bias"] = n.Source.Fixed(n.Node, 2, "bias") is null ? new float[count] : n.Numbers(2, "bias", count);
        return [layer];
    }

    public static IReadOnlyList<ImportedLayer> Instance(NodeReading n)
    {
        int channels = n.Shape[0];
        var layer = WithEpsilon(n, new ImportedLayer("groupnorm").Set("groups", channels));
        layer.Weights["weight"] = n.Numbers(1, "scale", channels);
        layer.Weights["bias"] = n.Numbers(2, "bias", channels);
        return [layer];
    }

    public static IReadOnlyList<ImportedLayer> Group(NodeReading n)
    {
        int groups = (int)n.Node.Whole("num_groups", 1), channels = n.Shape[0];
        n.Require(groups > 0 && channels % groups == 0, $"it has {groups} groups of {channels} channels", "a number that divides the channels");
        var layer = WithEpsilon(n, new ImportedLayer("groupnorm").Set("groups", groups));
        // Up to opset 20 there is a factor for each group, later for each channel.
        float[] Spread(int input, string what)
        {
            float[] numbers = n.Source.Needed(n.Node, input, what).Floats();
            return numbers.Length == groups ? [.. Enumerable.Range(0, channels).Select(c => numbers[c / (channels / groups)])] : n.Numbers(input, what, channels);
        }
        layer.Weights["weight"] = Spread(1, "scale");
        layer.Weights["bias"] = Spread(2, "bias");
        return [layer];
    }

    /// <summary>A group norm written as a reshape around an instance norm, or a layer norm written as a formula; null for neither.</summary>
    public static (IReadOnlyList<ImportedLayer>, string)? Formula(PathReader path, Stage[] stages, string from, Shape shape) => Groups(path, stages, shape) ?? Spelled(path, stages, from, shape);

    // [N, C, …] → [N, G, rest] → instance norm → [N, C, …], then a factor and a shift for each channel (or number) or none.
    private static (IReadOnlyList<ImportedLayer>, string)? Groups(PathReader path, Stage[] stages, Shape shape)
    {
        OnnxSource source = path.Source;
        if (stages.Length < 3 || !stages[..3].All(s => s.Nodes.Count == 1) || stages[0].Nodes[0] is not { OpType: "Reshape" } reshape || stages[1].Nodes[0] is not { OpType: "InstanceNormalization" } norm || stages[2].Nodes[0].OpType != "Reshape")
            return null;
        if (source.Fixed(norm.Input[1])?.Single != 1 || source.Fixed(norm.Input[2])?.Single != 0)
            return null;
        if (source.Fixed(reshape.Input[1])?.Longs() is [_, 1, var width] && AxesOf(shape, width) is int axes && !FactorsChannels(source, stages, shape))
        {
            var normal = new ImportedLayer("layernorm");
            return Finish(path, stages, 3, shape, Epsilon(norm, axes < shape.Rank ? normal.Set("axes", axes) : normal), (int)width, axes);
        }
        long[] rows = Target(path, reshape, shape);
        return rows.Length == 3 && rows[0] == ShapeMath.Batch && rows[1] >= 1
            ? Finish(path, stages, 3, shape, Epsilon(norm, new ImportedLayer("groupnorm").Set("groups", (int)rows[1])), shape[0], 1)
            : null;
    }

    // The number of last axes whose product is the width; null if there is none.
    private static int? AxesOf(Shape shape, long width)
    {
        for (int axes = 1; axes <= shape.Rank; axes++)
        {
            if (shape.LengthOf(^axes..) == width)
                return axes;
        }
        return null;
    }

    // A single group with a γ for each channel is a group norm.
    private static bool FactorsChannels(OnnxSource source, Stage[] stages, Shape shape) =>
        shape.Rank > 1 && shape[0] != shape.Count && stages.ElementAtOrDefault(3)?.Nodes is [{ OpType: "Mul" } factor] && factor.Input.Select(source.Fixed).OfType<OnnxTensor>().FirstOrDefault() is { } gamma
        && gamma.Count == shape[0] && gamma.Dims.Count >= shape.Rank && gamma.Dims[^shape.Rank] == shape[0];

    // (x - mean) / √(mean((x - mean)²) + ε), as PyTorch spells it below opset 17.
    private static (IReadOnlyList<ImportedLayer>, string)? Spelled(PathReader path, Stage[] stages, string from, Shape shape)
    {
        OnnxSource source = path.Source;
        NodeProto[] nodes = [.. stages.Take(2).SelectMany(s => s.Nodes)];
        string[] ops = ["ReduceMean", "Sub", "Pow", "ReduceMean", "Add", "Sqrt", "Div"];
        if (!nodes.Take(ops.Length).Select(n => n.OpType).SequenceEqual(ops) || stages.Length < 2)
            return null;
        NodeProto mean = nodes[0], squares = nodes[3], divide = nodes[6];
        long[]? axes = ShapeMath.Axes(source, mean);
        bool fits = mean.Input[0] == from && nodes[1].Input.SequenceEqual([from, mean.Output[0]]) && nodes[2].Input[0] == nodes[1].Output[0] && source.Fixed(nodes[2].Input[1])?.Single == 2
            && squares.Input[0] == nodes[2].Output[0] && source.Fixed(nodes[4].Input[1])?.Single is not null && divide.Input.SequenceEqual([nodes[1].Output[0], nodes[5].Output[0]])
            && axes is not null && ShapeMath.Axes(source, squares) is { } again && again.SequenceEqual(axes) && mean.Whole("keepdims", 1) == 1 && squares.Whole("keepdims", 1) == 1;
        int rank = shape.Rank + 1;
        if (!fits || !axes!.Select(a => ShapeMath.Axis(mean, a, rank)).Order().SequenceEqual(Enumerable.Range(rank - axes!.Length, axes.Length)) || axes.Length == rank)
            return null;
        int stage = Array.FindIndex(stages, s => s.End == divide.Output[0]);
        if (stage < 0)
            return null;
        var layer = new ImportedLayer("layernorm");
        if (axes.Length < shape.Rank)
            layer.Set("axes", axes.Length);
        double epsilon = source.Fixed(nodes[4].Input[1])!.Single!.Value;
        if ((float)epsilon != (float)Usual)
            layer.Set("epsilon", epsilon);
        return Finish(path, stages, stage + 1, shape, layer, shape.Sizes[^axes.Length..].ToArray().Aggregate(1, (a, b) => checked(a * b)), axes.Length);
    }

    // Then γ and β, if they follow: after a layer norm one of each per element, after a group norm per channel.
    private static (IReadOnlyList<ImportedLayer>, string) Finish(PathReader path, Stage[] stages, int next, Shape shape, ImportedLayer layer, int count, int axes)
    {
        float[]? weight = Numbers("Mul"), bias = Numbers("Add");
        path.Take(stages[..next].SelectMany(s => s.Nodes));
        if (weight is null && bias is null)
            layer.Set("affine", false);
        else
            (layer.Weights["weight"], layer.Weights["bias"]) = (weight ?? [.. Enumerable.Repeat(1f, count)], bias ?? new float[count]);
        return ([layer], stages[next - 1].End);

        float[]? Numbers(string op)
        {
            if (next >= stages.Length || stages[next].Nodes is not [{ } node] || node.OpType != op || node.Input.FirstOrDefault(i => !path.Source.IsComputed(i)) is not string name)
                return null;
            OnnxTensor? fixedOnes = path.Source.Fixed(name);
            bool fits = fixedOnes?.Count == count && (layer.Kind == "layernorm" ? fixedOnes.Dims.Count >= axes || count == 1 : shape.Rank == 1 || (fixedOnes.Dims.Count >= shape.Rank && fixedOnes.Dims[^shape.Rank] == count));
            if (!fits)
                return null;
            next++;
            return fixedOnes!.Floats();
        }
    }

    private static long[] Target(PathReader path, NodeProto node, Shape shape) =>
        ShapeMath.Reshape(node, [ShapeMath.Batch, .. shape.Sizes.ToArray().Select(s => (long)s)], ShapeMath.Sizes(path.Source, node, node.Input[1], path.ShapeOf));

    private static ImportedLayer WithEpsilon(NodeReading n, ImportedLayer layer) => Epsilon(n.Node, layer);

    private static ImportedLayer Epsilon(NodeProto node, ImportedLayer layer)
    {
        double epsilon = node.Real("epsilon", Usual);
        return (float)epsilon == (float)Usual ? layer : layer.Set("epsilon", epsilon);
    }
}
