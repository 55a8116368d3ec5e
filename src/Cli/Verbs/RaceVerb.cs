using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Diagnostics.Races;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Pictures;

namespace GpuGrad.Cli.Verbs;

[Verb("race", HelpText = "Compare random search, local search, numeric gradients, SGD and its variants on one problem, with the same number of forward passes.")]
public sealed class RaceVerb : ConfigVerb
{
    [Option("budget", Default = 300.0, MetaValue = "PASSES", HelpText = "Forward passes over the samples for each method; a backward pass counts as two.")]
    [Range(0, Above = true, Highest = 1e9)]
    public double Budget { get; set; }

    [Option("samples", Default = 500, MetaValue = "N", HelpText = "Training samples to compare on.")]
    [Range(2)]
    public int Samples { get; set; }

    [Option("lr", Default = 0.1, HelpText = "Learning rate of gradient descent; momentum and single samples take a quarter of it.")]
    [Range(0, Above = true)]
    public double Rate { get; set; }

    [Option("adam-lr", Default = 0.01, HelpText = "Learning rate of adam.")]
    [Range(0, Above = true)]
    public double AdamRate { get; set; }

    [Option("html", MetaValue = "FILE", HelpText = "Draw all in one chart.")]
    public string? Html { get; set; }

    public override int Run(Output output)
    {
        LoadedConfig loaded = Load();
        ModelCheck.Check(loaded.Config);
        using Device device = OpenDevice(loaded.Config, output);
        FirstBatch batch = FirstBatch.Of(loaded, _ => Samples, output);
        Network network = ModelCheck.Check(loaded.Config, batch.Shape);
        using var progress = new LoadingDisplay();
        var options = new RaceOptions { Budget = Budget, Rate = Rate, AdamRate = AdamRate, Progress = name => progress.Show(name, null) };
        IReadOnlyList<RaceResult> results = new Race(loaded.Config, network, device, batch.Samples, batch.Normalization, options).Run();
        progress.Dispose();
        output.Line();
        output.Table(["method", "updates", "loss", "accuracy"], results.Select(r => new[] { r.Name, r.Updates.ToString("N0", System.Globalization.CultureInfo.InvariantCulture), Format.Invariant($"{r.Losses[^1]:G4}"), double.IsNaN(r.Accuracy) ? "" : Format.Percent(r.Accuracy) }), 1, 2, 3);
        output.Line();
        output.Line(Lesson(network, batch.Samples.Count));
        if (Html is not null)
            output.Draw(Page(loaded.Config.Name, network, batch.Samples.Count, results), Html);
        output.Json(new JsonArray([.. results.Select(ToJson)]));
        return ExitCode.Done;
    }

    private string Lesson(Network network, int samples) => Format.Invariant(
        $"Each spent {Budget:G6} passes over {samples} samples. A numeric gradient takes {network.ParameterCount + 1:N0} forward passes, backpropagation the time of about three: that is why networks are trained by reverse mode.");

    private HtmlPage Page(string name, Network network, int samples, IReadOnlyList<RaceResult> results) => new HtmlPage($"Ways to train: {name}")
        .Paragraph(Lesson(network, samples))
        .Wide(new LineChart
        {
            Title = "Loss against passes spent",
            X = new Axis("passes over the samples (a backward pass counts as two)"),
            Y = new Axis("loss over all samples", Log: results.All(r => r.Losses.All(l => l > 0 || !double.IsFinite(l)))),
            Series = [.. results.Select(r => new Series(r.Name, r.Spent, r.Losses))],
        })
        .Table(["method", "updates", "loss", "accuracy"], results.Select(r => new[] { r.Name, r.Updates.ToString("N0", System.Globalization.CultureInfo.InvariantCulture), Format.Invariant($"{r.Losses[^1]:G4}"), double.IsNaN(r.Accuracy) ? "" : Format.Percent(r.Accuracy) }), 1, 2, 3);

    private static JsonObject ToJson(RaceResult result) => new()
    {
        ["name"] = result.Name,
        ["updates"] = result.Updates,
        ["loss"] = double.IsFinite(result.Losses[^1]) ? result.Losses[^1] : null,
        ["accuracy"] = double.IsFinite(result.Accuracy) ? result.Accuracy : null,
        ["passes"] = new JsonArray([.. result.Spent.Select(s => JsonValue.Create(s))]),
        ["losses"] = new JsonArray([.. result.Losses.Select(l => double.IsFinite(l) ? JsonValue.Create(l) : null)]),
    };
}
