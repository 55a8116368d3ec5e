using System.Text.RegularExpressions;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Cli.Views;
using GpuGrad.Training.Config;
using GpuGrad.Training.Diagnostics.Explanations;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Cli.Verbs;

[Verb("explain", HelpText = "Show an expression, or a network on one sample: values forward, gradients backward, and the rule of every operation.")]
public sealed partial class ExplainVerb : Verb
{
    [Value(0, MetaName = "EXPR|CONFIG", Required = true, HelpText = "For example '(x + y)*z', or with intermediate values 'q = x + y; q*z'. Knows + - * / ^, exp ln sqrt sin cos tan abs max min sum and every activation function. Or a .yaml file, for its network; or an alarm such as G001, for its meaning.")]
    public string Subject { get; set; } = "";

    [Option("at", MetaValue = "POINT", Default = "", HelpText = "The value of each variable: x=3,y=-pi/2.")]
    public string At { get; set; } = "";

    [Option("claim", MetaValue = "FORMULAS", HelpText = "Check derivatives worked out by hand: 'w=(s-y)*s*(1-s)*x'. Exit code 1 if one is wrong.")]
    public string? Claims { get; set; }

    [Option("sample", Default = 0, MetaValue = "N", HelpText = "For a network: number of the training sample, from 0.")]
    public int Sample { get; set; }

    [Option("weights", MetaValue = "FILE", HelpText = "For a network: its weights (.safetensors); by default the config's initialisers.")]
    public string? Weights { get; set; }

    [Option("html", MetaValue = "FILE", HelpText = "Write a drawing to this HTML file.")]
    public string? Html { get; set; }

    public override int Run(Output output)
    {
        if (AlarmCatalog.Find(Subject) is AlarmKind alarm)
        {
            OnlyWith(false, "an expression or a CONFIG", "at", "claim", "sample", "weights", "html");
            AlarmView.Show(alarm, output);
            return ExitCode.Done;
        }
        RefuseLikelyMistakes();
        bool isConfig = Subject.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || Subject.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || File.Exists(Subject);
        OnlyWith(isConfig, "a CONFIG", "sample", "weights");
        OnlyWith(!isConfig, "an expression", "at", "claim");
        return isConfig ? Network(output) : new CircuitView(Subject, At, Claims).Show(output, Html);
    }

    // Arguments that would parse as a division or a variable, but probably are paths or alarms.
    private void RefuseLikelyMistakes()
    {
        if (RunFolder.IsRun(Subject))
            throw new GpuGradException(Fault.Config, $"{Subject}: the folder of a run; expected its config and weights: gpugrad explain {Path.Combine(Subject, "config.yaml")} --weights {Path.Combine(Subject, "weights.safetensors")}");
        if (Directory.Exists(Subject))
            throw new GpuGradException(Fault.Config, $"{Subject}: a folder; expected an expression, a YAML config or an alarm such as {AlarmCatalog.All[0].Id}");
        if (At.Length == 0 && AlarmId().IsMatch(Subject))
            throw new GpuGradException(Fault.Config, $"there is no alarm {Subject}; known are {AlarmCatalog.All[0].Id} to {AlarmCatalog.All[^1].Id}");
    }

    [GeneratedRegex("^[Gg][0-9]+$")]
    private static partial Regex AlarmId();

    private int Network(Output output)
    {
        LoadedConfig loaded = RunConfigFile.Load(Subject);
        ModelCheck.Check(loaded.Config);
        FirstBatch batch = FirstBatch.Of(loaded, _ => int.MaxValue, output, Sample);
        Network network = ModelCheck.Check(loaded.Config, batch.Shape);
        NetworkExplanation explanation = NetworkExplanation.Of(loaded.Config, network, batch.Samples, batch.Normalization, model =>
        {
            model.Initialise(loaded.Config.Seed);
            if (Weights is not null)
                WeightFile.Load(Weights, model);
        });
        return new NetworkView(loaded.Config.Name, Sample, explanation).Show(output, Html);
    }
}
