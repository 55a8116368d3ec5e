using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Normalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Health;

namespace GpuGrad.Training.Tests.Transfer;

/// <summary>Layers that training leaves alone cost no backward pass, no optimizer memory, and stay as they are bit by bit.</summary>
public sealed class FreezeTests
{
    private const string Yaml = """
        seed: 5
        device: cpu
        data: {dataset: {random: {shape: [2, 8, 8], classes: 3, train: 40, test: 12}}, batch: 10}
        FREEZE
        model:
          - conv: {filters: 4, kernel: 3, padding: same}
          - batchnorm
          - relu
          - conv: {filters: 5, kernel: 3, padding: same, name: late}
          - batchnorm
          - relu
          - flatten
          - dense: 3
        train: {epochs: 3, optimizer: {adam: {lr: 0.01, weight-decay: 0.01}}, ema: 0.9, penalty: {l2: 0.01}, keep-best: test-loss}
        diagnostics: {every: 2}
        """;

    private static string With(string freeze) => Yaml.Replace("FREEZE", freeze, StringComparison.Ordinal);

    [Fact]
    public void The_backward_pass_ends_where_nothing_before_it_trains()
    {
        ModelGraph all = GraphOf(With(""), out _), some = GraphOf(With("freeze: ['0', '1']"), out _);
        Assert.Contains(all.Graph.Nodes, n => n.Phase == Phase.Backward && n.Scope == "0");
        Assert.DoesNotContain(some.Graph.Nodes, n => n.Phase == Phase.Backward && (n.Scope is "0" or "1" or "2"));
        // The convolution behind them needs the gradient of its weights alone.
        Assert.Equal(["ConvWeightGradient"], some.Graph.Nodes.Where(n => n.Phase == Phase.Backward && n.Scope == "late" && n.Op.Name.Contains("Conv", StringComparison.Ordinal)).Select(n => n.Op.Name));
        Assert.Equal(["late.weight", "late.bias", "4.weight", "4.bias", "7.weight", "7.bias"], some.Gradients.Keys.Select(p => p.Name));
    }

    [Fact]
    public void A_frozen_layer_between_trained_ones_passes_the_gradient_and_has_none_of_its_own()
    {
        ModelGraph graph = GraphOf(With("freeze: [late]"), out _);
        Assert.Equal(["ConvTranspose2D"], graph.Graph.Nodes.Where(n => n.Phase == Phase.Backward && n.Scope == "late").Select(n => n.Op.Name));
        Assert.Contains(graph.Graph.Nodes, n => n.Phase == Phase.Backward && n.Scope == "0");
    }

    [Fact]
    public void Frozen_parameters_have_no_gradients_and_no_optimizer_memory()
    {
        GraphOf(With("freeze: ['0', '1', late, '4']"), out ModelMemory memory);
        Assert.Equal(memory.Layout.OffsetOf(memory.Layout.Trained.Last()) + 16, memory.Gradients.Length);
        Assert.Equal(["7.weight", "7.bias"], memory.Layout.Trained.Select(p => p.Name));
        Assert.All(memory.Moments, m => Assert.Equal(memory.Gradients.Length, m.Length));
    }

    [Fact]
    public void A_frozen_batch_norm_uses_its_running_statistics_and_leaves_them()
    {
        ModelGraph graph = GraphOf(With("freeze: ['1']"), out _);
        Assert.IsType<BatchNormInference>(Assert.Single(graph.Graph.Nodes, n => n.Scope == "1" && n.Phase == Phase.Forward).Op);
        Assert.IsType<BatchNorm>(Assert.Single(graph.Graph.Nodes, n => n.Scope == "4" && n.Phase == Phase.Forward).Op);
        // Only its weight: as requires_grad = False in PyTorch, the statistics go on.
        ModelGraph weights = GraphOf(With("freeze: ['1.weight']"), out _);
        Assert.IsType<BatchNorm>(Assert.Single(weights.Graph.Nodes, n => n.Scope == "1" && n.Phase == Phase.Forward).Op);
    }

    [Fact]
    public void What_is_frozen_stays_bit_by_bit_and_the_rest_learns()
    {
        using var run = new TestRun(With("freeze: {layers: ['*'], except: ['7', late]}"));
        Dictionary<string, double[]> before = Weights(run), after;
        run.Run();
        after = Weights(run);
        foreach ((string name, double[] values) in before)
            Assert.Equal(name.StartsWith("7.", StringComparison.Ordinal) || name.StartsWith("late.", StringComparison.Ordinal), !values.SequenceEqual(after[name]));
        Assert.Contains(run.Notes, n => n.Contains("0.weight stays random, as there is no init-from", StringComparison.Ordinal));
        Assert.DoesNotContain(run.Session.Trainer.Model.Probe.Layers, l => l.Path == "2");
        Assert.Empty(run.Raised("G006"));
    }

    [Theory]
    [InlineData("whiten")]
    [InlineData("{constant: 0.25}")]
    public void Filters_that_come_from_samples_or_are_stated_are_not_called_random(string init)
    {
        using var run = new TestRun($"data: {{dataset: {{digits: {{train: 64, test: 0}}}}, batch: 32}}\nfreeze: ['0.weight']\nmodel: [{{conv: {{filters: 8, kernel: 2, init: {init}}}}}, relu, flatten, {{dense: 10}}]\ntrain: {{epochs: 1}}\n");
        Assert.DoesNotContain(run.Notes, n => n.Contains("random", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("freeze: [conv9]", "c.yaml:4:9: freeze: 'conv9' names no parameter; there are 0.weight, 0.bias, 1.weight, 1.bias, late.weight, late.bias, 4.weight, 4.bias …")]
    [InlineData("freeze: ['*']", "c.yaml:4:9: freeze: every parameter is frozen, so there is nothing to train; leave a layer out of it, e.g. the last one")]
    [InlineData("freeze: []", "c.yaml:4:9: layers is an empty list; expected at least one item")]
    public void An_invalid_pattern_is_refused(string freeze, string message)
    {
        var e = Assert.ThrowsAny<GpuGradException>(() => ModelCheck.Check(ConfigBinder.Bind<RunConfig>(YamlReader.Read(With(freeze), "c.yaml"), "the config")));
        Assert.Equal(message, e.Message);
    }

    [Fact]
    public void Rates_fall_layer_by_layer_and_with_their_group()
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>(YamlReader.Read(With("").Replace("ema: 0.9", "lr-decay: 0.5, groups: [{layers: ['*.bias'], lr-factor: 3, weight-decay: 0}]", StringComparison.Ordinal), "c.yaml"), "the config");
        Network network = ModelCheck.Check(config)!;
        Assert.Equal(
            [("0.weight", 1.0 / 16), ("0.bias", 3.0 / 16), ("1.weight", 1.0 / 8), ("1.bias", 3.0 / 8), ("late.weight", 1.0 / 4), ("late.bias", 3.0 / 4), ("4.weight", 1.0 / 2), ("4.bias", 3.0 / 2), ("7.weight", 1), ("7.bias", 3)],
            network.Parameters.Where(p => p.Trained).Select(p => (p.Name, ParameterGroups.RateFactorOf(config, network, p))));
        ParameterLayout layout = ParameterGroups.Layout(config, network);
        Assert.Equal(10, layout.Groups.Count);
        Assert.All(layout.Groups.Where(g => ParameterGroups.ListedGroup(config.Train, g.Group) == 1), g => Assert.Equal(0, ParameterGroups.SettingsOf(config.Train, g.Group).WeightDecay));
    }

    private static Dictionary<string, double[]> Weights(TestRun run) =>
        run.Session.Trainer.Network.Parameters.ToDictionary(p => p.Name, p => run.Session.Trainer.Model.Read(p));

    private static ModelGraph GraphOf(string yaml, out ModelMemory memory)
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>(YamlReader.Read(yaml, "c.yaml"), "the config");
        Network network = ModelCheck.Check(config)!;
        memory = new ModelMemory(ParameterGroups.Layout(config, network), config.Train);
        return new ModelGraphs(config, network, memory).Training(BatchSource.Imaginary(config.Data.KnownShape!, 10), 10);
    }
}
