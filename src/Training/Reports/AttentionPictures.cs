using System.Globalization;
using System.Text.Json.Nodes;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Diagnostics.Explanations;
using GpuGrad.Training.Pictures;

namespace GpuGrad.Training.Reports;

/// <summary>Shows the attention maps of heads: on a page, in words and as JSON.</summary>
public static class AttentionPictures
{
    private const int MostPictures = 64;
    private const int MostPixels = 256;

    /// <summary>Adds attention maps of the first sample, one per head, and a verdict on the heads.</summary>
    /// <param name="page">The page.</param>
    /// <param name="layers">Attention layers, at least one.</param>
    public static void AddTo(HtmlPage page, IReadOnlyList<AttentionReading> layers)
    {
        int heads = layers.Sum(l => l.Heads.Count);
        page.Heading("Attention");
        page.Paragraph($"Attention weights in the first sample: queries are rows (from the top), keys are columns (from the left); the brightest pixel is the largest weight of its map.{(heads > MostPictures ? Text($" The first {MostPictures} of {heads} heads.") : "")}");
        page.LargeImages(layers.SelectMany(l => l.Heads.Zip(l.Maps, (head, map) => (PngWriter.Write(Draw(map)), Caption(l.Layer, head)))).Take(MostPictures));
        page.Paragraph(Verdict(layers));
    }

    /// <summary>Describes the heads that are dead or attend to all steps equally.</summary>
    public static string Verdict(IReadOnlyList<AttentionReading> layers)
    {
        string over = Text($"over {layers[0].Samples} {(layers[0].Samples == 1 ? "sample" : "samples")}");
        string dead = Named(layers, h => h.IsDead), uniform = Named(layers, h => h is { IsUniform: true, IsDead: false });
        string[] found =
        [
            dead.Length > 0 ? Text($"Dead heads {over}: {dead}: their contribution to the layer's output is less than {AttentionHead.DeadBelow} of that of its strongest head.") : "",
            uniform.Length > 0 ? Text($"Heads that attend to all steps equally {over}: {uniform}: the entropy of their weights is above {AttentionHead.UniformFrom} of the maximum.") : "",
        ];
        return found.All(f => f.Length == 0) ? $"No head is dead or attends to all steps equally, {over}." : string.Join(" ", found.Where(f => f.Length > 0));
    }

    /// <summary>The figures of each head, and on request its map of the first sample.</summary>
    public static JsonArray ToJson(IReadOnlyList<AttentionReading> layers, bool maps) => new([.. layers.Select(l => new JsonObject
    {
        ["layer"] = l.Layer,
        ["samples"] = l.Samples,
        ["heads"] = new JsonArray([.. l.Heads.Select(h =>
        {
            var head = new JsonObject { ["head"] = h.Index, ["entropy"] = double.IsNaN(h.Entropy) ? null : h.Entropy, ["share"] = h.Share, ["dead"] = h.IsDead, ["uniform"] = h.IsUniform };
            if (maps)
                head["map"] = Rows(l.Maps[h.Index]);
            return head;
        })]),
    })]);

    /// <summary>A map in shades of gray; for more than 256 steps the largest weight of each block.</summary>
    public static Picture Draw(double[,] map)
    {
        int steps = map.GetLength(0), block = (steps + MostPixels - 1) / MostPixels, side = (steps + block - 1) / block;
        double largest = map.Cast<double>().Max();
        var pixels = new byte[side * side];
        for (int row = 0; row < steps; row++)
        {
            for (int column = 0; column < steps; column++)
            {
                ref byte pixel = ref pixels[(row / block * side) + (column / block)];
                pixel = Math.Max(pixel, (byte)Math.Round(255 * map[row, column] / largest));
            }
        }
        return new Picture(side, side, 1, pixels);
    }

    private static string Caption(string layer, AttentionHead head) =>
        Text($"{layer}, head {head.Index}: entropy {head.Entropy:F2}, share {head.Share:F2}{(head.IsDead ? ", dead" : head.IsUniform ? ", uniform" : "")}");

    private static string Named(IReadOnlyList<AttentionReading> layers, Func<AttentionHead, bool> which) =>
        string.Join("; ", layers.Where(l => l.Heads.Any(which)).Select(l => $"{l.Layer}: {string.Join(", ", l.Heads.Where(which).Select(h => Text($"{h.Index}")))}"));

    private static JsonArray Rows(double[,] map) =>
        new([.. Enumerable.Range(0, map.GetLength(0)).Select(r => new JsonArray([.. Enumerable.Range(0, map.GetLength(1)).Select(c => JsonValue.Create(map[r, c]))]))]);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
