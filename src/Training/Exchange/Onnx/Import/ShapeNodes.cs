using DataType = GpuGrad.Training.Exchange.Onnx.TensorProto.Types.DataType;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>The same numbers otherwise arranged, softmax, and what does nothing when a network is used.</summary>
internal static class ShapeNodes
{
    /// <summary>A layer that gives a sample another shape.</summary>
    public static ImportedLayer To(IReadOnlyList<int> sizes) => sizes.Count == 1 ? new ImportedLayer("flatten") : new ImportedLayer("reshape") { Sizes = sizes }.SetList("shape", sizes);

    public static IReadOnlyList<ImportedLayer> Reshape(NodeReading n)
    {
        long[] dims = [ShapeMath.Batch, .. n.Shape.Sizes.ToArray().Select(s => (long)s)];
        long[] sizes = n.Node.OpType == "Reshape"
            ? ShapeMath.Reshape(n.Node, dims, Target(n))
            : [.. ShapeMath.Reshaped(n.Source, n.Node, dims)];
        n.Require(sizes.Length > 1 && sizes[0] == ShapeMath.Batch && !sizes[1..].Contains(ShapeMath.Batch), "it mixes samples", "a shape that leaves the batch, axis 0, alone");
        int[] sample = [.. sizes[1..].Select(s => s is > 0 and <= int.MaxValue ? (int)s : throw n.Fault($"it makes a size of {s}", "sizes above 0"))];
        return n.Shape.Sizes.SequenceEqual(sample) ? [] : [To(sample)];
    }

    public static IReadOnlyList<ImportedLayer> Transpose(NodeReading n)
    {
        int[] axes = n.Node.Wholes("perm") ?? [.. Enumerable.Range(0, n.Rank).Reverse()];
        n.Require(axes.Length == n.Rank && axes[0] == 0, $"its axes are [{string.Join(", ", axes)}]", "0 first: the batch stays where it is");
        return axes.SequenceEqual(Enumerable.Range(0, n.Rank)) ? [] : [new ImportedLayer("permute").SetList("axes", axes[1..].Select(a => a - 1))];
    }

    public static IReadOnlyList<ImportedLayer> Softmax(NodeReading n, string kind)
    {
        // Up to opset 12 everything from the axis on is one row.
        bool old = n.Source.Opset < 13;
        int axis = ShapeMath.Axis(n.Node, n.Node.Whole("axis", old ? 1 : -1), n.Rank);
        n.Require(axis == n.Rank - 1, $"it runs over axis {axis} of {n.Rank}", "the last axis");
        return [new ImportedLayer(kind)];
    }

    public static IReadOnlyList<ImportedLayer> Dropout(NodeReading n)
    {
        double rate = n.Source.Fixed(n.Node, 1, "ratio")?.Single ?? n.Node.Real("ratio", 0.5);
        n.Require(n.Source.Fixed(n.Node, 2, "training mode")?.Single is null or 0, "it is in training mode", "a model for inference");
        return rate is > 0 and < 1 ? [new ImportedLayer("dropout").Set("rate", rate)] : [];
    }

    public static IReadOnlyList<ImportedLayer> Cast(NodeReading n)
    {
        var to = (DataType)n.Node.Whole("to", 1);
        n.Require(to is DataType.Float or DataType.Double || (to is DataType.Int64 or DataType.Int32 && n.Before.Count == 0), $"it casts to type {(int)to}", "float");
        return [];
    }

    private static long[] Target(NodeReading n)
    {
        long[] target = n.Node.Input.Count > 1 ? ShapeMath.Sizes(n.Source, n.Node, n.Node.Input[1], n.Path.ShapeOf) : [.. (n.Node.Wholes("shape") ?? []).Select(s => (long)s)];
        // A batch of one size that was written out.
        if (target.Length > 0 && target[0] > 0 && target[0] == n.Path.FixedBatch)
            target[0] = ShapeMath.Batch;
        return target;
    }
}
