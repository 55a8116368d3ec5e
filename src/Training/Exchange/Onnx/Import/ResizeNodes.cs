using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>Upsampling by whole or fractional factors, for those of ONNX's coordinate modes that agree with ours.</summary>
internal static class ResizeNodes
{
    public static IReadOnlyList<ImportedLayer> Resize(NodeReading n)
    {
        n.Require(n.Shape.Rank is 2 or 3, $"a sample has shape {n.Shape}", "an image [C, H, W] or a signal [C, L]");
        string mode = n.Node.Text("mode", "nearest");
        n.Require(mode is "nearest" or "linear" or "bilinear", $"its mode is '{Runs.Storage.OneLine.Of(mode, 20)}'", "nearest or linear");
        int[] from = n.Shape.Sizes[1..].ToArray(), to = Sizes(n, from);
        n.Require(to.Zip(from).All(s => s.First >= s.Second), $"it makes images smaller, {Text(from)} to {Text(to)}", "larger ones");
        bool whole = to.Zip(from).All(s => s.First % s.Second == 0);
        RequirePlacement(n, mode == "nearest", whole);
        if (to.SequenceEqual(from))
            return [];
        var layer = new ImportedLayer("upsample");
        if (whole)
            layer.Set("factor", Both([.. to.Zip(from, (t, f) => t / f)]));
        else
            layer.Set("size", Both(to));
        return [mode == "nearest" ? layer : layer.Set("mode", "bilinear")];
    }

    /// <summary>Upsampling written as Gathers of pixels along each axis and their mixture, as our export writes fractional factors; null if the nodes are not that.</summary>
    public static (IReadOnlyList<ImportedLayer>, string)? Formula(PathReader path, Stage[] stages, string from, Shape shape)
    {
        if (shape.Rank != 3)
            return null;
        int[] to = [shape[1], shape[2]];
        bool? nearest = null;
        int done = 0;
        for (int axis = 2; axis <= 3 && done < stages.Length; axis++)
        {
            string input = done == 0 ? from : stages[done - 1].End;
            if (Picked(path.Source, stages[done], input, axis, shape[axis - 1]) is not (int size, bool picks) || (nearest is bool same && same != picks))
                continue;
            (nearest, to[axis - 2]) = (picks, size);
            done++;
        }
        if (nearest is null)
            return null;
        path.Take(stages[..done].SelectMany(s => s.Nodes));
        var layer = new ImportedLayer("upsample").Set("size", to);
        return ([nearest.Value ? layer : layer.Set("mode", "bilinear")], stages[done - 1].End);
    }

    // One Gather, or two and their mixture x + (y - x)·share.
    private static (int Size, bool Nearest)? Picked(OnnxSource source, Stage stage, string input, int axis, long from)
    {
        long[]? Places(NodeProto node) => node.OpType == "Gather" && node.Input[0] == input && node.Whole("axis", 0) == axis ? source.Fixed(node.Input[1])?.Longs() : null;
        if (Places(stage.Nodes[0]) is not { Length: > 0 } first)
            return null;
        int to = first.Length;
        if (stage.Nodes.Count == 1)
            return first.SequenceEqual(Enumerable.Range(0, to).Select(d => d * from / to)) ? (to, true) : null;
        long[] positions = [.. Enumerable.Range(0, to).Select(d => Math.Max(0, (((2L * d) + 1) * from) - to))];
        if (!stage.Nodes.Select(n => n.OpType).SequenceEqual(["Gather", "Gather", "Sub", "Mul", "Add"]) || Places(stage.Nodes[1]) is not { } second || source.Fixed(stage.Nodes[3].Input[1])?.Floats() is not { } share)
            return null;
        bool fits = first.SequenceEqual(positions.Select(p => p / (2 * to))) && second.SequenceEqual(positions.Select(p => Math.Min((p / (2 * to)) + 1, from - 1)))
            && share.SequenceEqual(positions.Select(p => (float)(p % (2 * to) / (2.0 * to)))) && stage.Nodes[2].Input.SequenceEqual([stage.Nodes[1].Output[0], stage.Nodes[0].Output[0]]) && stage.Nodes[4].Input[0] == stage.Nodes[0].Output[0];
        return fits ? (to, false) : null;
    }

    // A signal is an image of one row.
    private static int[] Both(int[] sizes) => sizes is [var one] ? [one, one] : sizes;

    private static void RequirePlacement(NodeReading n, bool nearest, bool whole)
    {
        bool upsample = n.Node.OpType == "Upsample" || n.Source.Opset < 11; // both place pixels as 'asymmetric' does
        string place = n.Node.Text("coordinate_transformation_mode", upsample ? "asymmetric" : "half_pixel"), round = n.Node.Text("nearest_mode", upsample ? "floor" : "round_prefer_floor");
        bool fits = nearest
            ? (place == "asymmetric" && round == "floor") || (whole && place is "half_pixel" or "pytorch_half_pixel" && round is "round_prefer_floor" or "round_prefer_ceil")
            : place is "half_pixel" or "pytorch_half_pixel";
        n.Require(fits, $"it places pixels by '{Runs.Storage.OneLine.Of(place, 40)}'{(nearest ? $" and '{Runs.Storage.OneLine.Of(round, 40)}'" : "")}", nearest ? "asymmetric and floor" : "half_pixel");
        n.Require(n.Node.Whole("antialias", 0) == 0, "it smooths (antialias)", "antialias 0");
    }

    private static int[] Sizes(NodeReading n, int[] from)
    {
        // Upsample: x, scales. Resize of opset 10: the same; later x, roi, scales, sizes.
        bool old = n.Node.OpType == "Upsample" || n.Source.Opset < 11;
        int at = old ? 1 : 2;
        n.Require(!n.Node.Has("axes"), "it has 'axes'", "all axes");
        if (n.Source.Fixed(n.Node, at, "scales") is { Count: > 0 } scales)
        {
            float[] factors = scales.Floats();
            n.Require(factors.Length == n.Rank && factors[0] == 1 && factors[1] == 1, $"its scales are [{string.Join(", ", factors)}]", "1 for the batch and the channels");
            return [.. from.Select((f, i) => (int)Math.Floor(f * (double)factors[i + 2]))];
        }
        if (old || n.Node.Input.Count < 4)
            throw n.Fault("it has neither scales nor sizes", "one of the two");
        long[] sizes = ShapeMath.Sizes(n.Source, n.Node, n.Node.Input[3], n.Path.ShapeOf);
        n.Require(sizes.Length == n.Rank && sizes[1] == n.Shape[0], $"its sizes are [{string.Join(", ", sizes)}]", "the same batch and channels");
        return [.. sizes[2..].Select(s => s is > 0 and <= int.MaxValue ? (int)s : throw n.Fault($"a size of {s}", "sizes above 0"))];
    }

    private static string Text(int[] sizes) => string.Join("×", sizes);
}
