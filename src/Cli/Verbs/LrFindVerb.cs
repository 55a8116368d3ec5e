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

[Verb("lr-find", HelpText = "Look for a learning rate with several seeds; says so when there is no reliable answer.")]
public sealed class LrFindVerb : ConfigVerb
{
    [Option("seeds", Default = 3, MetaValue = "N", HelpText = "Runs with different initial weights and orders.")]
    public int Seeds { get; set; }

    [Option("steps", Default = 100, MetaValue = "N", HelpText = "Steps of each run; the rate rises with each.")]
    public int Steps { get; set; }

    [Option("from", Default = 1e-6, HelpText = "Lowest rate.")]
    public double From { get; set; }

    [Option("to", Default = 10.0, HelpText = "Highest rate.")]
    public double To { get; set; }

    [Option("write", HelpText = "Put the rate into the config file; everything else in it stays as it is.")]
    public bool Write { get; set; }

    [Option("html", MetaValue = "FILE", HelpText = "Draw the curves.")]
    public string? Html { get; set; }

    public override int Run(Output output)
    {
        if (Seeds is < 1 or > 100 || Steps is < 20 or > 100_000 || !(From > 0) || !(To > From))
            throw new GpuGradException(Fault.Config, "expected --seeds from 1 to 100, --steps from 20, and 0 < --from < --to");
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
            Progress = (i, n) => progress.Show("training with rising rates", (double)i / n),
        });
        progress.Dispose();
        Report(finding, loaded.Config, output);
        if (Html is not null)
        {
            Page(finding, loaded.Config).Save(Html);
            output.Line($"drawn in {Html}");
        }
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
        output.Table(["seed", "loss at the beginning", "lowest", "falls fastest at"], finding.Curves.Select(c => new[]
        {
            Format.Invariant($"{c.Seed}"), Format.Invariant($"{c.Losses[0]:G4}"), Format.Invariant($"{c.Losses.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Min():G4}"), c.Steepest is double s ? Format.Invariant($"{s:G3}") : "nowhere",
        }), 0, 1, 2, 3);
        output.Line();
        if (finding.Suggestion is double rate)
            output.Line(Format.Invariant($"learning rate {rate:G3} (the seeds say {finding.Range!.Value.Low:G2} to {finding.Range.Value.High:G2}; the config has {config.Train.Optimizer.Lr:G3})"));
        else
            output.Line($"no reliable answer: {finding.Problem}");
    }

    private static HtmlPage Page(RateFinding finding, RunConfig config)
    {
        double[] At(Func<IEnumerable<double>, double> pick) => [.. finding.Rates.Select((_, i) => pick(finding.Curves.Select(c => c.Losses[i]).Where(double.IsFinite).DefaultIfEmpty(double.NaN)))];
        double start = finding.Curves.Max(c => c.Losses[0]);
        var marks = new List<Mark>();
        if (finding.Suggestion is double rate)
            marks.Add(new Mark(rate, Format.Invariant($"{rate:G3}"), 2));
        return new HtmlPage($"Learning rate of {config.Name}")
            .Paragraph(finding.Suggestion is double s ? Format.Invariant($"Take {s:G3}: there the loss falls fastest, with {finding.Curves.Count} seeds that say {finding.Range!.Value.Low:G2} to {finding.Range.Value.High:G2}.") : $"No reliable answer: {finding.Problem}.")
            .Wide(new LineChart
            {
                Title = "The loss while the learning rate rises",
                Remark = "The band holds all seeds. Left: the rate is too small to matter. Right: steps overshoot and the loss blows up.",
                X = new Axis("learning rate", Log: true),
                Y = new Axis("loss, smoothed", Max: 1.5 * start),
                Bands = [new Band($"{finding.Curves.Count} seeds", finding.Rates, At(v => v.Min()), At(v => v.Max()), 7)],
                Series = [.. finding.Curves.Select(c => new Series($"seed {c.Seed}", finding.Rates, c.Losses))],
                Marks = marks,
            });
    }

    private static JsonObject ToJson(RateFinding finding) => new()
    {
        ["lr"] = finding.Suggestion,
        ["low"] = finding.Range?.Low,
        ["high"] = finding.Range?.High,
        ["problem"] = finding.Problem,
        ["seeds"] = new JsonArray([.. finding.Curves.Select(c => new JsonObject { ["seed"] = c.Seed, ["lr"] = c.Steepest })]),
    };
}
