using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics.RateFinding;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Pictures;

namespace GpuGrad.Cli.Verbs;

[Verb("lr-find", HelpText = "Find a learning rate by short trials with several seeds; says so if there is no reliable answer.")]
public sealed class LrFindVerb : ConfigVerb
{
    [Option("seeds", Default = 3, MetaValue = "N", HelpText = "Runs with different initial weights and sample orders.")]
    [Range(1, Highest = 100)]
    public int Seeds { get; set; }

    [Option("steps", Default = 100, MetaValue = "N", HelpText = "Steps of each trial, at one rate.")]
    [Range(20, Highest = 100_000)]
    public int Steps { get; set; }

    [Option("from", Default = 1e-6, HelpText = "Lowest rate.")]
    [Range(0, Above = true)]
    public double From { get; set; }

    [Option("to", Default = 10.0, HelpText = "Highest rate.")]
    [Range(0, Above = true)]
    public double To { get; set; }

    [Option("write", HelpText = "Write the rate to the config file; nothing else in it changes.")]
    public bool Write { get; set; }

    [Option("html", MetaValue = "FILE", HelpText = "Draw the curves.")]
    public string? Html { get; set; }

    public override int Run(Output output)
    {
        if (To <= From)
            throw new GpuGradException(Fault.Config, Format.Invariant($"--from {From} --to {To}; expected --to above --from"));
        LoadedConfig loaded = Load();
        ModelCheck.Check(loaded.Config);
        using Device device = OpenDevice(loaded.Config, output);
        TrainingData data = LoadData(loaded, output);
        Network network = ModelCheck.Check(loaded.Config, data.Shape);
        using var progress = new LoadingDisplay();
        RateFinding finding = RateFinder.Find(loaded.Config, network, device, data, new RateFinderOptions
        {
            Lowest = From,
            Highest = To,
            Steps = Steps,
            Seeds = Seeds,
            Progress = (i, n) => progress.Show("trying rates", (double)i / n),
        });
        progress.Dispose();
        Report(finding, loaded.Config, output);
        if (Html is not null)
            output.Draw(Page(finding, loaded.Config), Html);
        if (Write && finding.Suggestion is double rate)
        {
            RateWriter.Write(ConfigPath, rate);
            output.Line($"written into {ConfigPath}");
        }
        output.Json(ToJson(finding));
        return finding.Suggestion is null ? ExitCode.Unexpected : ExitCode.Done;
    }

    private static void Report(RateFinding finding, RunConfig config, Output output)
    {
        output.Line();
        output.Table(["seed", "initial loss", "lowest loss", "at rate"], finding.Curves.Select(c => new[]
        {
            Format.Invariant($"{c.Seed}"), Format.Invariant($"{c.Start:G4}"), Format.Invariant($"{c.Losses.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Min():G4}"), c.Best is int best ? Format.Invariant($"{finding.Rates[best]:G2}") : "none",
        }), 0, 1, 2, 3);
        output.Line();
        if (finding.Suggestion is double rate)
            output.Line(Format.Invariant($"learning rate {rate:G3} (the seeds say {finding.Range!.Value.Low:G2} to {finding.Range.Value.High:G2}; the config has {config.Train.Optimizer.Lr:G3})"));
        else
            output.Line($"no reliable answer: {finding.Problem}");
    }

    private static HtmlPage Page(RateFinding finding, RunConfig config)
    {
        var marks = new List<ChartMark>();
        if (finding.Suggestion is double rate)
            marks.Add(new ChartMark(rate, Format.Invariant($"{rate:G3}"), 2));
        return new HtmlPage($"Learning rate of {config.Name}")
            .Paragraph(finding.Suggestion is double s ? Format.Invariant($"Take {s:G3}: over {finding.Curves.Count} seeds, whose best rates are {finding.Range!.Value.Low:G2} to {finding.Range.Value.High:G2}, the loss is lowest there.") : $"No reliable answer: {finding.Problem}.")
            .Wide(new LineChart
            {
                Title = "The loss after a short training at each rate",
                Remark = "Left: the rate is too small to make progress. Right: steps overshoot; where a line ends, the loss blew up.",
                X = new Axis("learning rate", Log: true),
                Y = new Axis("loss", Max: 1.5 * finding.Curves.Max(c => c.Start)),
                Series = [.. finding.Curves.Select(c => Line(finding, c))],
                Marks = marks,
            });
    }

    // The curve of one seed, without rates at which the loss was not finite.
    private static Series Line(RateFinding finding, RateCurve curve)
    {
        int[] tried = [.. Enumerable.Range(0, finding.Rates.Length).Where(i => double.IsFinite(curve.Losses[i]))];
        return new Series($"seed {curve.Seed}", [.. tried.Select(i => finding.Rates[i])], [.. tried.Select(i => curve.Losses[i])]);
    }

    private static JsonObject ToJson(RateFinding finding) => new()
    {
        ["lr"] = finding.Suggestion,
        ["low"] = finding.Range?.Low,
        ["high"] = finding.Range?.High,
        ["problem"] = finding.Problem,
        ["seeds"] = new JsonArray([.. finding.Curves.Select(c => new JsonObject { ["seed"] = c.Seed, ["lr"] = c.Best is int best ? finding.Rates[best] : null })]),
    };
}
