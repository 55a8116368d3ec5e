using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics.BatchFinding;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Pictures;

namespace GpuGrad.Cli.Verbs;

[Verb("batch-find", HelpText = "Find a batch size: measures the noise of the gradient, layer by layer, and times steps; says so if there is no reliable answer.")]
public sealed class BatchFindVerb : ConfigVerb
{
    [Option("steps", Default = 200, MetaValue = "N", HelpText = "Training steps before the measurement; initial weights make the noise look small.")]
    [Range(0, Highest = 1_000_000)]
    public int Steps { get; set; }

    [Option("batches", Default = 32, MetaValue = "N", HelpText = "Batches whose gradients are compared.")]
    [Range(4, Highest = 10_000)]
    public int Batches { get; set; }

    [Option("weights", MetaValue = "FILE", HelpText = "Measure at these weights (.safetensors) instead of training first.")]
    public string? Weights { get; set; }

    [Option("html", MetaValue = "FILE", HelpText = "Draw the curves.")]
    public string? Html { get; set; }

    public override int Run(Output output)
    {
        OnlyWith(Weights is null, "batch-find without --weights", "steps");
        LoadedConfig loaded = Load();
        ModelCheck.Check(loaded.Config);
        using Device device = OpenDevice(loaded.Config, output);
        TrainingData data = LoadData(loaded, output);
        Network network = ModelCheck.Check(loaded.Config, data.Shape);
        using var progress = new LoadingDisplay();
        BatchFinding finding = new BatchFinder(loaded.Config, network, device, data, new BatchFinderOptions { Steps = Steps, Batches = Batches, Weights = Weights, Progress = (what, share) => progress.Show(what, share) }).Find();
        progress.Dispose();
        Report(finding, loaded.Config, output);
        if (Html is not null)
            output.Draw(Page(finding, loaded.Config), Html);
        output.Json(ToJson(finding));
        return finding.Suggestion is null ? ExitCode.Unexpected : ExitCode.Done;
    }

    private void Report(BatchFinding finding, RunConfig config, Output output)
    {
        output.Line(Format.Invariant($"measured   {finding.Batches} batches of {finding.Size}, {(Weights is null ? Format.Invariant($"after {finding.Steps:N0} training steps") : $"at {Weights}")}"));
        output.Line();
        output.Table(["layer", "|gradient|", "noise per sample", "noise scale", "cosine"], finding.Layers.Append(finding.Whole).Select(n => new[]
        {
            n.Name, Format.Invariant($"{Math.Sqrt(Math.Max(0, n.SquaredNorm)):G3}"), Format.Invariant($"{Math.Sqrt(Math.Max(0, n.Variance)):G3}"), double.IsFinite(n.Scale) ? Format.Invariant($"{n.Scale:N0}") : "?", Format.Invariant($"{n.Cosine:F3}"),
        }), 1, 2, 3, 4);
        output.Line();
        double scale = finding.Whole.Scale;
        bool known = finding.Suggestion is not null;
        double least = known ? finding.Timings.Min(t => t.Time(scale)) : double.NaN;
        output.Table(["batch", "step", "samples/s", "steps", "time to the same loss"], finding.Timings.Select(t => new[]
        {
            Format.Invariant($"{t.Batch}"), Format.Invariant($"{t.Milliseconds:G3} ms"), Format.Invariant($"{t.SamplesPerSecond:N0}"),
            known ? Format.Invariant($"× {t.Steps(scale):F2}") : "?", known ? Format.Invariant($"× {t.Time(scale) / least:F2}") : "?",
        }), 0, 1, 2, 3, 4);
        output.Line();
        if (finding.Suggestion is not int batch)
        {
            output.Line($"no reliable answer: {finding.Problem}");
            return;
        }
        output.Line(Format.Invariant($"batch size {batch} (noise scale {scale:N0}, between {finding.Range.Low:N0} and {finding.Range.High:N0}; the config has {config.Data.Batch})"));
        if (batch != config.Data.Batch)
            output.Line(Format.Invariant($"find its learning rate: gpugrad lr-find {ConfigPath} --set data.batch={batch}"));
    }

    private static HtmlPage Page(BatchFinding finding, RunConfig config)
    {
        double scale = finding.Whole.Scale;
        var page = new HtmlPage($"Batch size of {config.Name}").Paragraph(finding.Suggestion is int batch
            ? Format.Invariant($"Take {batch}: the noise scale is {scale:N0} samples, between {finding.Range.Low:N0} and {finding.Range.High:N0}, and steps of this size reach the same loss in about the shortest time.")
            : $"No reliable answer: {finding.Problem}.");
        double[] sizes = [.. finding.Timings.Select(t => (double)t.Batch)];
        if (finding.Suggestion is int best)
        {
            double least = finding.Timings.Min(t => t.Time(scale));
            page.Wide(new LineChart
            {
                Title = "Time to the same loss, by batch size",
                Remark = "Left of the lowest point, most of the time goes into steps that follow noise; right of it, into redundant samples.",
                X = new Axis("batch size", Log: true),
                Y = new Axis("time, relative to the shortest", Min: 0),
                Series = [new Series("time", sizes, [.. finding.Timings.Select(t => t.Time(scale) / least)])],
                Marks = [new ChartMark(best, Format.Invariant($"{best}"), 2)],
            });
        }
        return page.Wide(new LineChart
        {
            Title = "Throughput, by batch size",
            Remark = "Where the line is flat, the device is saturated: a larger batch only takes longer.",
            X = new Axis("batch size", Log: true),
            Y = new Axis("samples per second", Min: 0),
            Series = [new Series("samples/s", sizes, [.. finding.Timings.Select(t => t.SamplesPerSecond)])],
        });
    }

    private static JsonObject ToJson(BatchFinding finding) => new()
    {
        ["batch"] = finding.Suggestion,
        ["noise_scale"] = finding.Whole.Scale,
        ["low"] = finding.Range.Low,
        ["high"] = finding.Range.High,
        ["problem"] = finding.Problem,
        ["steps"] = finding.Steps,
        ["layers"] = new JsonArray([.. finding.Layers.Append(finding.Whole).Select(n => new JsonObject
        {
            ["layer"] = n.Name, ["gradient"] = Math.Sqrt(Math.Max(0, n.SquaredNorm)), ["noise"] = Math.Sqrt(Math.Max(0, n.Variance)), ["noise_scale"] = n.Scale, ["cosine"] = n.Cosine,
        })]),
        ["batches"] = new JsonArray([.. finding.Timings.Select(t => new JsonObject { ["batch"] = t.Batch, ["milliseconds"] = t.Milliseconds, ["samples_per_second"] = t.SamplesPerSecond })]),
    };
}
