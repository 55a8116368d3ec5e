using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Cli.Views;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Diagnostics.GradientChecks;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;

namespace GpuGrad.Cli.Verbs;

[Verb("gradcheck", HelpText = "Check the gradients of a network against central differences of its loss, in double precision; --device checks a device's gradients too.")]
public sealed class GradCheckVerb : ConfigVerb
{
    // Roughly the speed of the reference device's plain loops; decides how much is checked by default.
    private const double FlopsPerSecond = 1.2e9;
    private const double Seconds = 20;
    private const double SecondsForGroups = 60;

    [Option("samples", MetaValue = "N", HelpText = "Elements of each tensor to perturb one by one; 0 for all. By default as many as take about half a minute; if the loss takes long to evaluate, whole tensors are perturbed together.")]
    public int? Samples { get; set; }

    [Option("batch", MetaValue = "N", HelpText = "Samples in the batch; by default up to 8, fewer for a large network.")]
    [Range(1)]
    public int? Batch { get; set; }

    [Option("weights", MetaValue = "FILE", HelpText = "Check at these weights (.safetensors); by default at the config's initialisers.")]
    public string? Weights { get; set; }

    [Option("jitter", Default = 0.1, MetaValue = "SHARE", HelpText = "Random change of the weights before the check: initial weights lie on kinks and hide defects (all biases 0).")]
    [Range(0, Highest = 1)]
    public double Jitter { get; set; }

    [Option("html", MetaValue = "FILE", HelpText = "Write an HTML page with the table and the curve of step sizes.")]
    public string? Html { get; set; }

    public override int Run(Output output)
    {
        LoadedConfig loaded = Load();
        ModelCheck.Check(loaded.Config);
        using Device? device = DeviceId is null or "reference" ? null : OpenDevice(loaded.Config, output);
        FirstBatch batch = FirstBatch.Of(loaded, n => Batch ?? BatchFor(loaded.Config, n), output);
        Network network = ModelCheck.Check(loaded.Config, batch.Shape);
        double evaluation = ForwardFlops(loaded.Config, network) * batch.Samples.Count / FlopsPerSecond;
        var options = new GradientCheckOptions
        {
            Samples = Samples is int n ? n == 0 ? null : n : SamplesFor(network, evaluation),
            Together = TogetherFor(network, evaluation),
            Jitter = Jitter,
            Weights = Weights is null ? null : model => WeightFile.Load(Weights, model),
        };
        using var progress = new LoadingDisplay();
        using var check = new GradientCheck(loaded.Config, network, batch.Samples, batch.Normalization, options with { Progress = (i, n) => progress.Show("checking", (double)i / n) });
        GradientReport report = check.Run(device);
        IReadOnlyList<StepError> steps = check.StepSizes(evaluation > 0.5 ? 1 : evaluation > 0.05 ? 2 : 4);
        progress.Dispose();
        new GradCheckView(report, steps, batch, device?.Id).Show(output, Html);
        return report.Passed ? ExitCode.Done : ExitCode.Unexpected;
    }

    private static int BatchFor(RunConfig config, Network network) =>
        Math.Min(config.Data.Batch, (int)Math.Clamp(4e8 / ForwardFlops(config, network), 2, 8));

    // Each element takes two evaluations, on average of half the network.
    private static int? SamplesFor(Network network, double evaluation)
    {
        int tensors = network.Parameters.Count(p => p.Trained) + 1;
        double affordable = Seconds / Math.Max(1e-6, evaluation) / tensors;
        int largest = network.Parameters.Where(p => p.Trained).Select(p => p.Shape.Count).DefaultIfEmpty(0).Max();
        return affordable >= largest ? null : (int)Math.Clamp(affordable, 0, 64);
    }

    // For networks where even one direction per tensor takes too long. Each takes two to six evaluations, on average of half the network.
    private static int TogetherFor(Network network, double evaluation)
    {
        int tensors = network.Parameters.Count(p => p.Trained) + 1, groups = Math.Max(4, (int)(SecondsForGroups / (3 * evaluation)));
        return Math.Max(1, (tensors + groups - 1) / groups);
    }

    private static double ForwardFlops(RunConfig config, Network network) =>
        Math.Max(1, NetworkSummary.ForwardFlopsOf(config, network));
}
