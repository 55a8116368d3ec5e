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

[Verb("explain", HelpText = "Show an expression, or a network on one sample: values forward, gradients backward, and the rule of every gate.")]
public sealed partial class ExplainVerb : Verb
{
    [Value(0, MetaName = "EXPR|CONFIG", Required = true, HelpText = "For example '(x + y)*z', or with intermediate values 'q = x + y; q*z'. Knows + - * / ^, exp ln sqrt sin cos tan abs max min sum and every activation function. Or a .yaml file, for its network; or an alarm such as G001, for its meaning.")]
    public string What { get; set; } = "";

    [Option("at", MetaValue = "POINT", Default = "", HelpText = "The value of each variable: x=3,y=-pi/2.")]
    public string At { get; set; } = "";

    [Option("claim", MetaValue = "FORMULAS", HelpText = "Check derivatives worked out by hand: 'w=(s-y)*s*(1-s)*x'. Exit code 1 if one is wrong.")]
    public string? Claims { get; set; }

    [Option("sample", Default = 0, MetaValue = "N", HelpText = "For a network: number of the training sample, from 0.")]
    public int Sample { get; set; }

    [Option("weights", MetaValue = "FILE", HelpText = "For a network: its weights (.safetensors); by default the config's initialisers.")]
    public string? Weights { get; set; }

    [Option("html", MetaValue = "FILE", HelpText = "Draw it to this HTML file.")]
    public string? Html { get; set; }

    public override int Run(Output output)
    {
        if (AlarmCatalog.Find(What) is AlarmKind alarm)
        {
            OnlyWith(false, "an expression or a CONFIG", "at", "claim", "sample", "weights", "html");
            AlarmView.Show(alarm, output);
            return ExitCode.Done;
        }
        RefuseOthers();
        bool isConfig = What.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || What.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || File.Exists(What);
        OnlyWith(isConfig, "a CONFIG", "sample", "weights");
        OnlyWith(!isConfig, "an expression", "at", "claim");
        return isConfig ? Network(output) : new CircuitView(What, At, Claims).Show(output, Html);
    }

    // What would be read as a division or a variable, and is hardly meant to be.
    private void RefuseOthers()
    {
        if (RunFolder.IsRun(What))
            throw new GpuGradException(Fault.Config, $"{What}: the folder of a run; expected its config and weights: gpugrad explain {Path.Combine(What, "config.yaml")} --weights {Path.Combine(What, "weights.safetensors")}");
        if (Directory.Exists(What))
            throw new GpuGradException(Fault.Config, $"{What}: a folder; expected an expression, a YAML config or an alarm such as {AlarmCatalog.All[0].Id}");
        if (At.Length == 0 && AlarmId().IsMatch(What))
            throw new GpuGradException(Fault.Config, $"no alarm is called {What}; known are {AlarmCatalog.All[0].Id} to {AlarmCatalog.All[^1].Id}");
    }

    [GeneratedRegex("^[Gg][0-9]+$")]
    private static partial Regex AlarmId();

    private int Network(Output output)
    {
        LoadedConfig loaded = RunConfigFile.Load(What);
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
