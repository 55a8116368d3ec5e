using System.Text.Json.Nodes;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Diagnostics.Circuits;
using GpuGrad.Training.Pictures;

namespace GpuGrad.Cli.Views;

/// <summary>Shows an expression at a point: as text, JSON or HTML.</summary>
internal sealed class CircuitView
{
    private readonly CircuitRun run;
    private readonly IReadOnlyList<VariableCheck> checks;
    private readonly IReadOnlyList<Claim> claims;

    public CircuitView(string expression, string at, string? claimed)
    {
        var circuit = Circuit.Parse(expression);
        run = circuit.Run(PointText.Read(at, circuit));
        checks = CircuitCheck.Of(run);
        claims = claimed is null ? [] : Claim.Read(claimed, run, checks);
    }

    private static IReadOnlyList<string> GateColumns { get; } = ["gate", "value", "gradient", "local gradient", "rule"];

    private static IReadOnlyList<string> CheckColumns { get; } = ["variable", "gradient", "central difference", "relative error", ""];

    private static IReadOnlyList<string> ClaimColumns { get; } = ["claim", "gives", "is", "verdict"];

    /// <summary>Shows it and returns the exit code, which is a failure for a wrong claim.</summary>
    public int Show(Output output, string? html)
    {
        output.Line($"value {Number(run.Value)}");
        output.Line();
        output.Table(GateColumns, GateRows(), 1, 2);
        output.Line();
        if (checks.Count > 0)
            output.Table(CheckColumns, CheckRows(), 1, 2, 3);
        foreach ((Gate gate, string why) in run.Kinks)
            output.Line($"kink at {run.Circuit.TextOf(gate)}: {why}.");
        if (claims.Count > 0)
        {
            output.Line();
            output.Table(ClaimColumns, ClaimRows(), 1, 2);
        }
        if (html is not null)
        {
            output.Line();
            output.Draw(Page(), html);
        }
        output.Json(ToJson());
        return claims.All(c => c.Holds) ? ExitCode.Done : ExitCode.Unexpected;
    }

    private HtmlPage Page()
    {
        string at = string.Join(", ", checks.Select(c => $"{c.Name} = {Number(c.Value)}"));
        HtmlPage page = new HtmlPage(run.Circuit.Text.Length <= 80 ? run.Circuit.Text : "A circuit of gates")
            .Paragraph($"{(at.Length > 0 ? $"At {at} the" : "The")} value is {Number(run.Value)}. Values flow from left to right. Gradients flow back from right to left: each gate multiplies the gradient that arrives by its local gradients and hands it to its inputs; what comes back to one place over several wires adds up.")
            .Wide(new CircuitPicture(run) { Title = "The circuit", Remark = string.Join(" ", run.Kinks.Select(k => $"Kink at {run.Circuit.TextOf(k.Gate)}: {k.Why}.")) })
            .Heading("Gate by gate")
            .Table(GateColumns, GateRows(), 1, 2);
        if (checks.Count > 0)
            page.Heading("The gradients against central differences").Table(CheckColumns, CheckRows(), 1, 2, 3);
        return claims.Count == 0 ? page : page.Heading("Derivatives worked out by hand").Table(ClaimColumns, ClaimRows(), 1, 2);
    }

    private IEnumerable<string[]> GateRows()
    {
        foreach (Gate gate in run.Circuit.Gates.Where(g => !g.IsNumber))
        {
            bool moves = run.Circuit.Moves[gate.Id];
            yield return [run.Circuit.TextOf(gate), Number(run.Values[gate.Id]), moves ? Number(run.Gradients[gate.Id]) : "", moves ? Locals(gate) : "", moves ? Rules(gate) : ""];
        }
    }

    private string Locals(Gate gate) =>
        string.Join(", ", gate.Inputs.Select((input, i) => (input, i)).Where(p => run.Circuit.Moves[p.input]).Select(p => Number(run.SlopesOf(gate)[p.i])));

    private string Rules(Gate gate) =>
        string.Join("; ", gate.Inputs.Select((input, i) => (input, i)).Where(p => run.Circuit.Moves[p.input]).Select(p => run.RuleOf(gate, p.i)).Distinct());

    private IEnumerable<string[]> CheckRows() => checks.Select(c => new[]
    {
        c.Name, Number(c.Gradient), c.AtKink || double.IsNaN(c.Numeric.Value) ? "none" : Format.Invariant($"{c.Numeric.Value:G10}"), c.AtKink || double.IsNaN(c.RelativeError) ? "" : Format.Invariant($"{c.RelativeError:0.0e0}"), VerdictOf(c),
    });

    private static string VerdictOf(VariableCheck check)
    {
        string verdict = check.AtKink ? "the slope jumps here: nothing to compare with"
            : double.IsNaN(check.Numeric.Value) ? "cannot be compared: no value on both sides"
            : check.Agrees ? "agrees" : "DIFFERS";
        return check.Paths > 1 ? Format.Invariant($"{verdict}; {check.Paths} paths add up") : verdict;
    }

    private IEnumerable<string[]> ClaimRows() => claims.Select(c => new[] { $"∂/∂{c.Check.Name} = {c.Text}", Number(c.Value), Number(c.Check.Gradient), c.Verdict });

    private JsonObject ToJson()
    {
        var gradients = new JsonObject(checks.Select(c => KeyValuePair.Create(c.Name, (JsonNode?)JsonValue.Create(c.Gradient))));
        var json = new JsonObject
        {
            ["value"] = run.Value,
            ["gradients"] = gradients,
            ["checks"] = new JsonObject(checks.Select(c => KeyValuePair.Create(c.Name, (JsonNode?)new JsonObject
            {
                ["numeric"] = double.IsFinite(c.Numeric.Value) ? c.Numeric.Value : null,
                ["relative_error"] = double.IsFinite(c.RelativeError) ? c.RelativeError : null,
                ["kink"] = c.AtKink,
                ["agrees"] = c.Agrees,
            }))),
            ["gates"] = new JsonArray([.. run.Circuit.Gates.Where(g => !g.IsNumber).Select(ToJson)]),
            ["kinks"] = new JsonArray([.. run.Kinks.Select(k => JsonValue.Create(run.Circuit.TextOf(k.Gate)))]),
        };
        if (claims.Count > 0)
            json["claims"] = new JsonArray([.. claims.Select(c => new JsonObject { ["variable"] = c.Check.Name, ["formula"] = c.Text, ["value"] = c.Value, ["holds"] = c.Holds, ["verdict"] = c.Verdict })]);
        return json;
    }

    private JsonObject ToJson(Gate gate) => new()
    {
        ["text"] = run.Circuit.TextOf(gate, 200),
        ["function"] = gate.Function?.Name,
        ["value"] = run.Values[gate.Id],
        ["gradient"] = run.Gradients[gate.Id],
        ["local_gradients"] = new JsonArray([.. run.SlopesOf(gate).Select(s => double.IsFinite(s) ? JsonValue.Create(s) : null)]),
        ["rules"] = new JsonArray([.. gate.Inputs.Select((_, i) => JsonValue.Create(run.RuleOf(gate, i)))]),
    };

    private static string Number(double value) => Format.Invariant($"{value:G7}");
}
