namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>Padding of an image or a signal: before and after each axis.</summary>
internal sealed record Pads(int[] Before, int[] Behind)
{
    public bool IsNone => Before.Concat(Behind).All(p => p == 0);

    /// <summary>The padding as in a config: one number, [rows, columns] or [top, bottom, left, right].</summary>
    public int[] Sides => (Before, Behind) switch
    {
        ([var a], [var b]) => a == b ? [a] : [0, 0, a, b],
        ([var top, var left], [var bottom, var right]) => top == bottom && left == right ? [top, left] : [top, bottom, left, right],
        _ => [],
    };

    public bool Equals(Pads? other) => other is not null && Before.SequenceEqual(other.Before) && Behind.SequenceEqual(other.Behind);

    public override int GetHashCode() => Before.Sum() + Behind.Sum();

    public static Pads operator +(Pads a, Pads? b) => b is null ? a : new Pads([.. a.Before.Zip(b.Before, (x, y) => x + y)], [.. a.Behind.Zip(b.Behind, (x, y) => x + y)]);

    /// <summary>Padding of a convolution or pooling node, explicit or by its <c>auto_pad</c>.</summary>
    public static Pads Of(NodeReading n, int[] kernel, int[] strides, int[] dilations)
    {
        int axes = kernel.Length;
        string rule = n.Node.Text("auto_pad", "NOTSET");
        if (rule is "SAME_UPPER" or "SAME_LOWER")
        {
            int[] all = [.. Enumerable.Range(0, axes).Select(i => Math.Max(0, ((((n.Shape[i + 1] + strides[i] - 1) / strides[i]) - 1) * strides[i]) + Reach(kernel[i], dilations[i]) - n.Shape[i + 1]))];
            int[] less = [.. all.Select(p => p / 2)], more = [.. all.Select(p => p - (p / 2))];
            return rule == "SAME_UPPER" ? new Pads(less, more) : new Pads(more, less);
        }
        n.Require(rule is "NOTSET" or "VALID", $"auto_pad is '{Runs.Storage.OneLine.Of(rule, 20)}'", "NOTSET, VALID, SAME_UPPER or SAME_LOWER");
        int[] given = rule == "VALID" ? new int[2 * axes] : n.Node.Wholes("pads") ?? new int[2 * axes];
        n.Require(given.Length == 2 * axes && given.All(p => p >= 0), $"its pads are [{string.Join(", ", given)}]", $"{2 * axes} sizes of 0 or more");
        return new Pads(given[..axes], given[axes..]);
    }

    /// <summary>Padding of a transposed convolution, which crops its result, and its output padding.</summary>
    public static Pads Transposed(NodeReading n, int[] kernel, int[] strides, int[] dilations, ref int[] extra)
    {
        int axes = kernel.Length;
        string rule = n.Node.Text("auto_pad", "NOTSET");
        int[]? wanted = n.Node.Wholes("output_shape");
        if (wanted is null && rule is "SAME_UPPER" or "SAME_LOWER")
            wanted = [.. Enumerable.Range(0, axes).Select(i => n.Shape[i + 1] * strides[i])];
        n.Require(extra.Length == axes, "its output_padding has other axes", $"{axes}");
        if (wanted is null)
            return Of(n, kernel, strides, dilations);
        n.Require(wanted.Length >= axes, "its output_shape has other axes", $"{axes}");
        wanted = wanted[^axes..];
        int[] added = extra, full = [.. Enumerable.Range(0, axes).Select(i => (strides[i] * (n.Shape[i + 1] - 1)) + added[i] + Reach(kernel[i], dilations[i]))];
        int[] missing = [.. full.Select((f, i) => Math.Max(0, wanted[i] - f))], all = [.. full.Select((f, i) => Math.Max(0, f - wanted[i]))];
        extra = [.. extra.Zip(missing, (a, b) => a + b)];
        int[] less = [.. all.Select(p => p / 2)], more = [.. all.Select(p => p - (p / 2))];
        return rule == "SAME_UPPER" ? new Pads(less, more) : new Pads(more, less);
    }

    /// <summary>Adds padding at the end, so that a window beyond the edge fits (ceil_mode).</summary>
    public Pads Up(NodeReading n, int[] kernel, int[] strides) => this with
    {
        Behind = [.. Behind.Select((behind, i) =>
        {
            int size = n.Shape[i + 1], left = size + Before[i] + behind - kernel[i], windows = ((left + strides[i] - 1) / strides[i]) + 1;
            // A window that would start in the padding at the end does not count.
            if ((windows - 1) * strides[i] >= size + Before[i])
                windows--;
            return behind + Math.Max(0, ((windows - 1) * strides[i]) - left);
        })],
    };

    private static int Reach(int kernel, int dilation) => ((kernel - 1) * dilation) + 1;
}
