using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>
/// Evaluates shape computations that exporters leave in a graph if the batch may have any size. The batch size is represented by
/// a number that no size can have.
/// </summary>
internal static class ShapeMath
{
    /// <summary>The size of the batch.</summary>
    public const long Batch = long.MinValue;

    private const int MostDepth = 64;

    /// <summary>Integers that are constant or follow from shapes.</summary>
    /// <param name="source">The graph.</param>
    /// <param name="node">The node that uses them.</param>
    /// <param name="value">Their name.</param>
    /// <param name="shapeOf">Shape of a sample by the name of the computed value.</param>
    public static long[] Sizes(OnnxSource source, NodeProto node, string value, Func<string, Shape?> shapeOf, int depth = 0)
    {
        if (source.Fixed(value) is { } known)
            return known.Longs();
        NodeProto? from = source.ProducerOf(value);
        if (from is null || depth > MostDepth || source.IsComputed(value))
            throw OnnxFault.In(node, $"it takes sizes from '{OneLine(value)}', which is computed from samples", "fixed sizes");
        long[] Of(int input) => Sizes(source, node, from.Input[input], shapeOf, depth + 1);
        switch (from.OpType)
        {
            case "Shape":
                Shape shape = shapeOf(from.Input[0]) ?? throw OnnxFault.In(from, "the shape that it asks for is not known here", "fixed sizes");
                return [Batch, .. shape.Sizes.ToArray().Select(s => (long)s)];
            case "Identity" or "Cast" or "Squeeze" or "Unsqueeze" or "Reshape":
                return Of(0);
            case "Concat":
                return [.. Enumerable.Range(0, from.Input.Count).SelectMany(Of)];
            case "Gather":
                long[] all = Of(0);
                return [.. Of(1).Select(i => All(from, all, i))];
            case "Slice" when from.Input.Count >= 3:
                return Slice(from, Of(0), Of(1), Of(2));
            case "Mul":
                long[] a = Of(0), b = Of(1);
                return a is [not Batch] && b is [not Batch] ? [checked(a[0] * b[0])] : throw OnnxFault.In(from, "sizes are multiplied with the batch's", "sizes of a sample");
            default:
                throw OnnxFault.In(from, "it computes a shape", "a shape that is fixed, or put together of sizes");
        }
    }

    /// <summary>The shape that a Reshape, Flatten, Squeeze or Unsqueeze of constants gives.</summary>
    public static IEnumerable<long> Reshaped(OnnxSource source, NodeProto node, long[] dims) => node.OpType switch
    {
        "Reshape" => Reshape(node, dims, source.Needed(node, 1, "shape").Longs()),
        "Flatten" => Flatten(node, dims),
        "Squeeze" => Squeeze(node, dims, Axes(source, node)),
        _ => Unsqueeze(node, dims, Axes(source, node) ?? throw OnnxFault.In(node, "it has no axes", "axes")),
    };

    /// <summary>Axes as an attribute (older opsets) or as an input; null without any.</summary>
    public static long[]? Axes(OnnxSource source, NodeProto node, int input = 1) =>
        node.Wholes("axes") is int[] axes ? [.. axes.Select(a => (long)a)] : source.Fixed(node, input, "axes")?.Longs();

    /// <summary>An axis counted from 0, given the rank.</summary>
    public static int Axis(NodeProto node, long axis, int rank)
    {
        long from = axis < 0 ? axis + rank : axis;
        return from >= 0 && from < rank ? (int)from : throw OnnxFault.In(node, FormattableString.Invariant($"axis {axis} of {rank}"), "an axis that is there");
    }

    public static long[] Reshape(NodeProto node, long[] dims, long[] target)
    {
        bool zeroIsZero = node.Whole("allowzero", 0) == 1;
        long[] sizes = [.. target.Select((s, i) => s == 0 && !zeroIsZero ? i < dims.Length ? dims[i] : throw OnnxFault.In(node, "a size of 0 beyond the input's axes", "sizes that fit") : s)];
        int open = Array.IndexOf(sizes, -1L);
        if (open < 0)
            return sizes;
        // The batch size, if it is included, cancels out.
        var before = dims.ToList();
        var after = sizes.Where((_, i) => i != open).ToList();
        if (after.Contains(Batch) && before.Remove(Batch))
            after.Remove(Batch);
        if (before.Remove(Batch))
            sizes[open] = Product(before) == Product(after) ? Batch : throw OnnxFault.In(node, "it mixes samples", "a shape that leaves the batch, axis 0, alone");
        else
            sizes[open] = Product(after) is > 0 and long known && Product(before) % known == 0 ? Product(before) / known : throw OnnxFault.In(node, "its sizes do not fit", "as many numbers as come in");
        return sizes;
    }

    private static IEnumerable<long> Flatten(NodeProto node, long[] dims)
    {
        long axis = node.Whole("axis", 1);
        int at = axis == dims.Length ? dims.Length : Axis(node, axis, dims.Length);
        long[] first = dims[..at], last = dims[at..];
        if (first.Length > 1 && first.Contains(Batch) && Product(first[1..]) != 1)
            throw OnnxFault.In(node, FormattableString.Invariant($"axis {axis} mixes samples"), "axis 1");
        if (last.Contains(Batch))
            throw OnnxFault.In(node, FormattableString.Invariant($"axis {axis} mixes samples"), "axis 1");
        return [first.Contains(Batch) ? Batch : Product(first), Product(last)];
    }

    private static IEnumerable<long> Squeeze(NodeProto node, long[] dims, long[]? axes)
    {
        int[] gone = axes is null ? [.. Enumerable.Range(0, dims.Length).Where(i => dims[i] == 1)] : [.. axes.Select(a => Axis(node, a, dims.Length))];
        if (gone.FirstOrDefault(a => dims[a] != 1, -1) is >= 0 and int wrong)
            throw OnnxFault.In(node, FormattableString.Invariant($"axis {wrong} is not of size 1"), "axes of size 1");
        return dims.Where((_, i) => !gone.Contains(i));
    }

    private static IEnumerable<long> Unsqueeze(NodeProto node, long[] dims, long[] axes)
    {
        int rank = dims.Length + axes.Length;
        HashSet<int> added = [.. axes.Select(a => Axis(node, a, rank))];
        int next = 0;
        return [.. Enumerable.Range(0, rank).Select(i => added.Contains(i) ? 1 : next < dims.Length ? dims[next++] : throw OnnxFault.In(node, "an axis is named twice", "each once"))];
    }

    private static long Product(IEnumerable<long> sizes)
    {
        long product = 1;
        foreach (long size in sizes)
            product = checked(product * size);
        return product;
    }

    private static long All(NodeProto node, long[] sizes, long index) => sizes[Axis(node, index, sizes.Length)];

    private static long[] Slice(NodeProto node, long[] sizes, long[] starts, long[] ends)
    {
        if (starts.Length != 1 || ends.Length != 1 || node.Input.Count > 4)
            throw OnnxFault.In(node, "it takes a shape apart in steps", "a range of sizes");
        int Bound(long v) => (int)Math.Clamp(v < 0 ? v + sizes.Length : v, 0, sizes.Length);
        return Bound(starts[0]) <= Bound(ends[0]) ? sizes[Bound(starts[0])..Bound(ends[0])] : [];
    }

    private static string OneLine(string value) => Runs.Storage.OneLine.Of(value, 80);
}
