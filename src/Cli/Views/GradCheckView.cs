using System.Text.Json.Nodes;
using GpuGrad.Cli.Terminal;
using GpuGrad.Cli.Verbs;
using GpuGrad.Training.Diagnostics.GradientChecks;
using GpuGrad.Training.Pictures;

namespace GpuGrad.Cli.Views;

/// <summary>Shows a gradient check: as text, JSON or HTML.</summary>
internal sealed class GradCheckView(GradientReport report, IReadOnlyList<StepError> steps, FirstBatch batch, string? device)
{
    private IReadOnlyList<string> Columns => ["layer", "kind", "tensor", "shape", "moved", "kinks", "rel. error", .. device is null ? Array.Empty<string>() : [device], "verdict"];

    private StepError? BestForward => steps.MinBy(s => s.Forward);

    private StepError? BestCentral => steps.MinBy(s => s.Central);

    private string Batch => Format.Invariant($"{batch.Samples.Count} samples, loss {report.Loss:G6}");

    private int Skipped => report.Tensors.Sum(t => t.Skipped);

    public void Show(Output output, string? html)
    {
        output.Line($"check      {Batch}; reverse mode against central differences, in double");
        output.Line();
        output.Table(Columns, Rows(), 4, 5, 6, device is null ? 6 : 7);
        output.Line();
        foreach (CheckedTensor tensor in report.Tensors.Where(t => !t.Passed))
            output.Line($"{tensor.Name}: {tensor.Problem}{Detail(tensor)}");
        if (report.Together > 1)
            output.Line(GroupText);
        output.Line(KinkText);
        foreach (string line in StepText)
            output.Line(line);
        if (steps.Count > 0)
            output.Table(["h", "forward", "central"], steps.Select(s => new[] { Format.Invariant($"{s.Step:0e0}"), Format.Invariant($"{s.Forward:0.0e0}"), Format.Invariant($"{s.Central:0.0e0}") }), 1, 2);
        output.Line();
        foreach (string line in CostText.Split('\n'))
            output.Line(line);
        output.Line();
        output.Line(Total);
        if (html is not null)
        {
            Page().Save(html);
            output.Line($"written to {html}");
        }
        output.Json(ToJson());
    }

    private string Total => Format.Invariant($"{Layers.Count(l => l.Passed)} layers passed, {Layers.Count(l => !l.Passed)} failed ({report.Tensors.Count(t => t.Passed)} of {report.Tensors.Count} tensors)");

    private int Met => report.Tensors.Sum(t => t.Entries.Count(e => e.AtKink || e.KinkAvoided));

    private string KinkText => Met == 0
        ? "kinks      none in the way"
        : Format.Invariant($"kinks      {Met} differences met one: a ReLU, a maximum or a margin changed sides between x-h and x+h. {report.Tensors.Sum(t => t.Entries.Count(e => e.KinkAvoided))} were measured with a smaller h, {Skipped} left out: where the slope jumps there is nothing to compare with");

    private string GroupText => Format.Invariant($"sampled    the loss takes long to evaluate: {report.Together} tensors were moved at a time, all their numbers at once; --samples 1 moves each by itself");

    private IEnumerable<string> StepText => steps.Count == 0 ? [] :
    [
        Format.Invariant($"step size  best h: {BestForward!.Step:0e0} for forward differences (error {BestForward.Forward:0.0e0}), {BestCentral!.Step:0e0} for central ones ({BestCentral.Central:0.0e0})"),
        "           a large h errs by the curvature of the loss, a small one by its rounding divided by h:",
    ];

    private string CostText =>
        $"cost       {report.Evaluations:N0} evaluations of the loss here. The whole numeric gradient takes {report.ForwardEvaluations:N0} (forward differences) or {report.CentralEvaluations:N0} (central):\n" +
        $"           each of the {report.Parameters:N0} parameters has to be moved by itself. Reverse mode took one evaluation and one walk back.";

    private IReadOnlyList<(string Path, bool Passed)> Layers => [.. report.Tensors.GroupBy(t => t.Layer).Select(g => (g.Key, g.All(t => t.Passed)))];

    private IEnumerable<IReadOnlyList<string>> Rows()
    {
        string? layer = null;
        foreach (CheckedTensor tensor in report.Tensors)
        {
            bool first = tensor.Layer != layer;
            layer = tensor.Layer;
            string verdict = report.Tensors.Where(t => t.Layer == tensor.Layer).All(t => t.Passed) ? first ? "pass" : "" : tensor.Passed ? "" : "FAIL";
            yield return
            [
                first ? tensor.Layer : "", first ? tensor.Kind : "", tensor.Name, tensor.Shape.ToString(),
                Format.Invariant($"{tensor.Moved:N0}/{tensor.Shape.Length:N0}"), tensor.Skipped == 0 ? "" : Format.Invariant($"{tensor.Skipped}"),
                Format.Invariant($"{tensor.RelativeError:0.0e0}"),
                .. tensor.Device is { } d ? new[] { Format.Invariant($"{d.Relative:0.0e0}") } : [],
                verdict,
            ];
        }
    }

    private static string Detail(CheckedTensor tensor) => tensor.Worst is not { Agrees: false } worst ? "" : worst.Place == CheckedEntry.All
        ? Format.Invariant($"; along all its numbers at once {worst.Analytic:G8}, expected {worst.Numeric:G8}{Ratio(worst)}")
        : Format.Invariant($"; at [{string.Join(", ", Indices(tensor, worst.Place))}] {worst.Analytic:G8}, expected {worst.Numeric:G8}{Ratio(worst)}");

    private static string Ratio(CheckedEntry entry)
    {
        double ratio = entry.Analytic / entry.Numeric;
        return Math.Abs(ratio + 1) < 1e-4 ? " (the sign is wrong)"
            : double.IsFinite(ratio) && ratio != 0 && Math.Abs(ratio) is > 1e-3 and < 1e4 ? Format.Invariant($" ({ratio:G4} times)") : "";
    }

    private static IEnumerable<int> Indices(CheckedTensor tensor, int place)
    {
        var indices = new Stack<int>();
        for (int axis = tensor.Shape.Rank - 1; axis >= 0; axis--)
        {
            indices.Push(place % tensor.Shape[axis]);
            place /= tensor.Shape[axis];
        }
        return indices;
    }

    private HtmlPage Page()
    {
        HtmlPage page = new HtmlPage("Gradient check")
            .Paragraph($"{Total}. {Batch}, from {batch.Origin}. Every gradient is computed by reverse mode in double and compared with (L(x+h) - L(x-h)) / 2h.")
            .Table(Columns, Rows(), 4, 5, 6, device is null ? 6 : 7)
            .Paragraph(KinkText.Replace("kinks      ", "Kinks: ", StringComparison.Ordinal));
        if (report.Together > 1)
            page.Paragraph(GroupText.Replace("sampled    ", "Sampled: ", StringComparison.Ordinal) + ".");
        if (steps.Count > 0)
        {
            double[] h = [.. steps.Select(s => s.Step)];
            page.Heading("The step size of a difference").Wide(new LineChart
            {
                Title = "How far differences are from the gradient",
                Remark = Format.Invariant($"From right to left: the error falls with h (forward) or h² (central) until the rounding of the loss, divided by h, takes over. Best: {BestForward!.Step:0e0} forward, {BestCentral!.Step:0e0} central."),
                X = new Axis("step h", Log: true),
                Y = new Axis("relative error", Log: true),
                Series = [new Series("forward difference", h, [.. steps.Select(s => s.Forward)]), new Series("central difference", h, [.. steps.Select(s => s.Central)])],
                Marks = [new ChartMark(BestCentral.Step, "best", 1)],
            });
        }
        return page.Heading("What it costs").Paragraph(CostText.Replace("cost       ", "", StringComparison.Ordinal));
    }

    private JsonObject ToJson() => new()
    {
        ["passed"] = report.Passed,
        ["loss"] = report.Loss,
        ["tensors"] = new JsonArray([.. report.Tensors.Select(ToJson)]),
        ["layers"] = new JsonObject(Layers.Select(l => KeyValuePair.Create(l.Path, (JsonNode?)JsonValue.Create(l.Passed)))),
        ["kinks_met"] = Met,
        ["kinks_skipped"] = Skipped,
        ["evaluations"] = report.Evaluations,
        ["forward_difference_evaluations"] = report.ForwardEvaluations,
        ["step_sizes"] = new JsonArray([.. steps.Select(s => new JsonObject { ["h"] = s.Step, ["forward"] = s.Forward, ["central"] = s.Central })]),
    };

    private static JsonObject ToJson(CheckedTensor tensor)
    {
        var json = new JsonObject
        {
            ["name"] = tensor.Name,
            ["layer"] = tensor.Layer,
            ["moved"] = tensor.Moved,
            ["kinks_skipped"] = tensor.Skipped,
            ["relative_error"] = double.IsFinite(tensor.RelativeError) ? tensor.RelativeError : null,
            ["passed"] = tensor.Passed,
        };
        if (tensor.Device is { } device)
            json["device_error"] = double.IsFinite(device.Relative) ? device.Relative : null;
        if (tensor.Problem is string problem)
            json["problem"] = problem + Detail(tensor);
        return json;
    }
}
