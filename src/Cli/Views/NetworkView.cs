using System.Text.Json.Nodes;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Diagnostics.Explanations;
using GpuGrad.Training.Pictures;
using GpuGrad.Training.Reports;

namespace GpuGrad.Cli.Views;

/// <summary>Shows a network on one sample: as text, JSON or HTML.</summary>
internal sealed class NetworkView(string name, int sample, NetworkExplanation network)
{
    private const int MostShown = 4;

    private static IReadOnlyList<string> Columns { get; } = ["layer", "kind", "output", "values", "gradients of the loss", "‖gradient‖", "‖weight gradient‖"];

    private string Head => Format.Invariant($"Sample {sample}, which should give {network.Answer}: loss {network.Loss:G6}.");

    public int Show(Output output, string? html)
    {
        output.Line(Head);
        output.Line();
        output.Table(Columns, Rows(), 5, 6);
        if (network.Attention.Count > 0)
        {
            output.Line();
            output.Table(["attention", "head", "entropy", "share"], network.Attention.SelectMany(l => l.Heads.Select(h => new[] { l.Layer, Format.Invariant($"{h.Index}"), Format.Invariant($"{h.Entropy:F3}"), Format.Invariant($"{h.Share:F3}") })), 1, 2, 3);
        }
        if (html is not null)
        {
            output.Line();
            output.Draw(Page(), html);
        }
        output.Json(ToJson());
        return ExitCode.Done;
    }

    private IEnumerable<IReadOnlyList<string>> Rows() => network.Layers.Select(l => new[]
    {
        l.Path, l.Kind, l.Shape.ToString(), Some(l.Values), Some(l.Gradients), Format.Invariant($"{l.GradientNorm:G4}"), l.Weights.Count == 0 ? "" : Format.Invariant($"{l.WeightGradientNorm:G4}"),
    });

    private static string Some(double[] values) =>
        string.Join(" ", values.Take(MostShown).Select(v => Format.Invariant($"{v:G3}"))) + (values.Length > MostShown ? " …" : "");

    private HtmlPage Page()
    {
        HtmlPage page = new HtmlPage($"{name}, sample {sample}").Paragraph($"{Head} Values are computed from left to right; the gradients of the loss come back from right to left. Everything in double.");
        if (network.IsTiny)
            page.Wide(new UnitPicture(network) { Title = "Unit by unit", Remark = "The thicker a wire, the larger its weight; a wire shows its weight and gradient under the mouse." });
        page.Pictures(
            new BarChart { Title = "Gradient of the loss in each layer's output", Axis = new Axis("norm", Log: true), Rows = [.. network.Layers.Select(l => new Bar(Label(l), l.GradientNorm, 3))] },
            new BarChart { Title = "Size of the values", Axis = new Axis("root mean square"), Rows = [.. network.Layers.Select(l => new Bar(Label(l), Math.Sqrt(l.Values.Average(v => v * v)), 2))] });
        if (network.Attention.Count > 0)
            AttentionPictures.AddTo(page, network.Attention);
        return page.Heading("Layer by layer").Table(Columns, Rows(), 5, 6);
    }

    private static string Label(LayerExplanation layer) => layer.Path == "input" ? "input" : $"{layer.Path} {layer.Kind}";

    private JsonObject ToJson() => new()
    {
        ["loss"] = network.Loss,
        ["layers"] = new JsonArray([.. network.Layers.Select(l => new JsonObject
        {
            ["path"] = l.Path,
            ["kind"] = l.Kind,
            ["values"] = Array(l.Values),
            ["gradients"] = Array(l.Gradients),
            ["weights"] = new JsonObject(l.Weights.Select(w => KeyValuePair.Create(w.Parameter.Name, (JsonNode?)new JsonObject { ["gradient_norm"] = Math.Sqrt(w.Gradients.Sum(g => g * g)) }))),
        })]),
        ["attention"] = AttentionPictures.ToJson(network.Attention, maps: true),
    };

    private static JsonArray Array(double[] values) => [.. values.Select(v => JsonValue.Create(v))];
}
