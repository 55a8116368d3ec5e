namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>A relu with fixed slopes: one, or one for each place of the first or the last axis of a sample.</summary>
internal static class SlopeNodes
{
    public static IReadOnlyList<ImportedLayer> PRelu(NodeReading n)
    {
        n.Require(n.Place == 0, "its slopes are computed", "fixed slopes");
        OnnxTensor slopes = n.Source.Needed(n.Node, 1, "slope");
        int[] own = [.. Enumerable.Range(0, slopes.Dims.Count).Where(i => slopes.Dims[i] != 1)];
        // Axis of a batch. Before opset 7 nothing was broadcast: several slopes were one for each channel.
        int axis = own.Length != 1 ? 0 : n.Source.Opset < 7 ? 1 : own[0] + n.Rank - slopes.Dims.Count;
        var layer = new ImportedLayer("prelu");
        layer.Weights["weight"] = slopes.Floats();
        if (own.Length == 0)
            return [layer];
        n.Require(own.Length == 1 && (axis == 1 || axis == n.Rank - 1), "its slopes are along other axes", "one slope, or one for each index of axis 1 or of the last axis");
        return [layer.Set("slopes", axis == 1 ? "channel" : "feature")];
    }
}
