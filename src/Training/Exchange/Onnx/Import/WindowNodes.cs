namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>Convolutions and poolings, over images [C, H, W] and signals [C, L].</summary>
internal static class WindowNodes
{
    public static IReadOnlyList<ImportedLayer> Conv(NodeReading n)
    {
        OnnxTensor weight = n.Source.Needed(n.Node, 1, "filters");
        int[] kernel = Kernel(n, weight);
        (int[] strides, int[] dilations) = (Sizes(n, "strides"), Sizes(n, "dilations"));
        int groups = (int)n.Node.Whole("group", 1), filters = (int)weight.Dims[0];
        n.Require(n.Before.LastOrDefault()?.Pads is null || !n.Node.Text("auto_pad", "").StartsWith("SAME", StringComparison.Ordinal), "its input is padded already, by a Pad", "auto_pad or Pad, not both");
        Pads pads = Pads.Of(n, kernel, strides, dilations) + n.Before.LastOrDefault()?.Pads;
        var layer = new ImportedLayer("conv").Set("filters", filters).Set("kernel", kernel);
        AddWindows(layer, strides, pads, dilations, groups);
        layer.Weights["weight"] = weight.Floats();
        AddBias(n, layer, filters);
        Padded(n);
        return [layer];
    }

    public static IReadOnlyList<ImportedLayer> ConvTranspose(NodeReading n)
    {
        OnnxTensor weight = n.Source.Needed(n.Node, 1, "filters");
        int[] kernel = Kernel(n, weight);
        (int[] strides, int[] dilations) = (Sizes(n, "strides"), Sizes(n, "dilations"));
        int[] extra = n.Node.Wholes("output_padding") ?? new int[kernel.Length];
        Pads pads = Pads.Transposed(n, kernel, strides, dilations, ref extra);
        int groups = (int)n.Node.Whole("group", 1), filters = checked((int)weight.Dims[1] * groups);
        // A signal that was reshaped to an image of one row.
        bool isRow = extra is [0, > 0] && n.Shape is { Rank: 3 } image && image[1] == 1 && kernel[0] == 1 && pads.Before[0] == 0 && pads.Behind[0] == 0;
        if (isRow)
            (kernel, strides, dilations, extra, pads) = (kernel[1..], strides[1..], dilations[1..], extra[1..], new Pads(pads.Before[1..], pads.Behind[1..]));
        n.Require(extra.Distinct().Count() == 1, $"its output padding is [{string.Join(", ", extra)}]", "the same for rows and columns");
        var layer = new ImportedLayer("conv-transpose") { TransposedConv = (n.Shape[0], groups) }.Set("filters", filters).Set("kernel", kernel);
        AddWindows(layer, strides, pads, dilations, groups);
        if (extra[0] > 0)
            layer.Set("output-padding", extra[0]);
        layer.Weights["weight"] = weight.Floats();
        AddBias(n, layer, filters);
        if (!isRow)
            return [layer];
        int length = (strides[0] * (n.Shape[2] - 1)) + extra[0] + ((kernel[0] - 1) * dilations[0]) + 1 - pads.Before[0] - pads.Behind[0];
        return [ShapeNodes.To([n.Shape[0], n.Shape[2]]), layer, ShapeNodes.To([filters, 1, length])];
    }

    public static IReadOnlyList<ImportedLayer> MaxPool(NodeReading n) => [Pool(n, "maxpool", out _)];

    public static IReadOnlyList<ImportedLayer> AveragePool(NodeReading n)
    {
        ImportedLayer layer = Pool(n, "avgpool", out bool isPadded);
        bool counts = n.Node.Whole("count_include_pad", 0) != 0;
        return [isPadded ? layer.Set("count-padding", counts) : layer];
    }

    public static IReadOnlyList<ImportedLayer> Global(NodeReading n, string kind, bool keepsAxes)
    {
        n.Require(n.Shape.Rank is 2 or 3, $"a sample has shape {n.Shape}", "an image [C, H, W] or a signal [C, L]");
        ImportedLayer[] layers = [new ImportedLayer(kind)];
        return keepsAxes ? [.. layers, ShapeNodes.To([n.Shape[0], .. Enumerable.Repeat(1, n.Shape.Rank - 1)])] : layers;
    }

    public static IReadOnlyList<ImportedLayer> Reduce(NodeReading n, string kind)
    {
        long[] axes = ShapeMath.Axes(n.Source, n.Node) ?? [];
        n.Require(axes.Select(a => ShapeMath.Axis(n.Node, a, n.Rank)).Order().SequenceEqual(Enumerable.Range(2, Math.Max(0, n.Rank - 2))) && n.Rank > 2, $"it reduces axes [{string.Join(", ", axes)}]", "all axes after the channels");
        return Global(n, kind, n.Node.Whole("keepdims", 1) != 0);
    }

    /// <summary>Zeros around an image: they become the padding of the convolution that follows.</summary>
    public static IReadOnlyList<ImportedLayer> Pad(NodeReading n)
    {
        int[] pads = n.Node.Wholes("pads") ?? [.. n.Source.Needed(n.Node, 1, "pads").Longs().Select(v => checked((int)v))];
        double value = n.Node.Input.Count > 2 ? n.Source.Fixed(n.Node, 2, "value")?.Single ?? 0 : n.Node.Real("value", 0);
        n.Require(n.Node.Text("mode", "constant") == "constant" && value == 0, "it pads with values other than 0", "zeros");
        n.Require(pads.Length == 2 * n.Rank && pads.All(p => p >= 0) && pads[0] == 0 && pads[1] == 0 && pads[n.Rank] == 0 && pads[n.Rank + 1] == 0 && n.Rank > 2, $"its pads are [{string.Join(", ", pads)}]", "zeros around each channel");
        return pads.All(p => p == 0) ? [] : [new ImportedLayer("pad") { Pads = new Pads(pads[2..n.Rank], pads[(n.Rank + 2)..]) }];
    }

    private static ImportedLayer Pool(NodeReading n, string kind, out bool isPadded)
    {
        int[] kernel = n.Node.Wholes("kernel_shape") ?? throw n.Fault("it has no kernel_shape", "the window's sizes");
        RequireAxes(n, kernel.Length);
        int[] strides = Sizes(n, "strides"), dilations = Sizes(n, "dilations");
        n.Require(dilations.All(d => d == 1), "its windows are dilated", "dilations of 1");
        Pads pads = Pads.Of(n, kernel, strides, dilations);
        Pads whole = n.Node.Whole("ceil_mode", 0) != 0 ? pads.Up(n, kernel, strides) : pads;
        n.Require(kind == "maxpool" || whole == pads || n.Node.Whole("count_include_pad", 0) == 0, "a window hangs over the edge (ceil_mode), and its padding counts", "windows that fit");
        isPadded = !whole.IsNone;
        var layer = new ImportedLayer(kind).Set("kernel", kernel);
        if (!strides.SequenceEqual(kernel))
            layer.Set("stride", strides);
        return isPadded ? layer.Set("padding", whole.Sides) : layer;
    }

    private static void AddWindows(ImportedLayer layer, int[] strides, Pads pads, int[] dilations, int groups)
    {
        if (strides.Any(s => s != 1))
            layer.Set("stride", strides);
        if (!pads.IsNone)
            layer.Set("padding", pads.Sides);
        if (dilations.Any(d => d != 1))
            layer.Set("dilation", dilations);
        if (groups != 1)
            layer.Set("groups", groups);
    }

    private static void AddBias(NodeReading n, ImportedLayer layer, int filters)
    {
        if (n.Source.Fixed(n.Node, 2, "bias") is null)
            layer.Set("bias", false);
        else
            layer.Weights["bias"] = n.Numbers(2, "bias", filters);
    }

    private static int[] Kernel(NodeReading n, OnnxTensor weight)
    {
        RequireAxes(n, weight.Dims.Count - 2);
        n.Require(n.Place == 0 && weight.Count > 0, "its filters are not fixed", "fixed filters");
        return [.. weight.Dims.Skip(2).Select(d => (int)d)];
    }

    private static void RequireAxes(NodeReading n, int axes) =>
        n.Require(axes is 1 or 2 && axes == n.Shape.Rank - 1, $"its windows have {axes} axes and a sample shape {n.Shape}", "images [C, H, W] or signals [C, L]");

    private static int[] Sizes(NodeReading n, string name)
    {
        int[] sizes = n.Node.Wholes(name) ?? [.. Enumerable.Repeat(1, n.Shape.Rank - 1)];
        n.Require(sizes.Length == n.Shape.Rank - 1 && sizes.All(s => s > 0), $"its {name} are [{string.Join(", ", sizes)}]", $"{n.Shape.Rank - 1} sizes above 0");
        return sizes;
    }

    // Removes the Pad whose zeros became the convolution's padding.
    private static void Padded(NodeReading n)
    {
        if (n.Before.LastOrDefault()?.Kind == "pad")
            n.Before.RemoveAt(n.Before.Count - 1);
    }
}
