using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics;
using GpuGrad.Training.Diagnostics.GradientChecks;
using GpuGrad.Training.Diagnostics.Landscapes;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tests.Health;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Seeds;

/// <summary>What the texts say of gradients while a network learns, and of what stops it from learning.</summary>
public sealed class SeedTrainingTests
{
    // The text takes h = 1e-5 and says that the centred formula is often better: h² instead of h.
    [Fact]
    public void Row_14_a_forward_difference_of_1e_5_is_near_the_gradient_and_a_centred_one_nearer()
    {
        RunConfig config = Config("data: {shape: [4], classes: 3, batch: 8}\nmodel: [{dense: 6}, tanh, {dense: 3}]\n");
        Network network = ModelCheck.Check(config)!;
        using var check = new GradientCheck(config, network, StepBatch.Random(network, config.Data.KnownShape!, 8, 1), Normalization.None(4), new GradientCheckOptions { Samples = 2 });
        StepError error = check.StepSizes().Single(s => s.Step is > 0.9e-5 and < 1.1e-5);
        Assert.InRange(error.Forward, 1e-9, 1e-3);
        Assert.True(error.Central < error.Forward / 100, $"{error}");
    }

    // The text's batch of 256, the single samples of SGD in the strict sense, and all samples: one is the mean of the other.
    [Theory]
    [InlineData(256)]
    [InlineData(1)]
    public void Row_16_the_gradient_over_all_samples_is_the_mean_of_those_of_its_batches(int batch)
    {
        const int All = 512;
        RunConfig config = Config("data: {shape: [3], classes: 4, batch: 256}\nmodel: [{dense: 5}, tanh, {dense: 4}]\n");
        Network network = ModelCheck.Check(config)!;
        SampleSet samples = StepBatch.Random(network, config.Data.KnownShape!, All, 1);
        double[] whole = GradientOf(config, network, samples), mean = new double[whole.Length];
        for (int first = 0; first < All; first += batch)
        {
            double[] part = GradientOf(config, network, samples.Pick([.. Enumerable.Range(first, batch)]));
            for (int i = 0; i < mean.Length; i++)
                mean[i] += part[i] * batch / All;
        }
        Assert.All(whole.Zip(mean), p => Assert.Equal(p.First, p.Second, 1e-12));
        Assert.Contains(whole, v => Math.Abs(v) > 1e-3);
    }

    [Fact]
    public void Row_23_a_plane_through_the_loss_surface_holds_the_slices_along_its_directions()
    {
        RunConfig config = Config("data: {shape: [5], classes: 4, batch: 16}\nmodel: [{dense: 4}]\nloss: hinge\n");
        Network network = ModelCheck.Check(config)!;
        using LossProbe probe = Probe(config, network, StepBatch.Random(network, config.Data.KnownShape!, 16, 1));
        var landscape = new Landscape(probe);
        double[][] first = landscape.RandomDirection(0), second = landscape.RandomDirection(1);
        double[,] plane = landscape.Over("two", first, second, (-1, 1), (-2, 2), 9).Losses;
        double[] across = landscape.Along("first", first, -1, 1, 9).Losses, up = landscape.Along("second", second, -2, 2, 9).Losses;
        for (int i = 0; i < 9; i++)
        {
            Assert.Equal(across[i], plane[4, i], 1e-12);
            Assert.Equal(up[i], plane[8 - i, 4], 1e-12);
        }
        Assert.Equal(landscape.Loss, plane[4, 4], 1e-12);
    }

    [Theory]
    [InlineData("relu", "5", true)]
    [InlineData("relu", "0.01", false)]
    [InlineData("leaky-relu", "5", false)]
    public void Row_25_a_large_learning_rate_kills_relu_units_for_good_and_leaky_relu_is_a_remedy(string function, string rate, bool dies)
    {
        const string Yaml = """
            data: {dataset: {blobs: {train: 320, test: 32}}, batch: 32}
            model: [{dense: {units: 40, name: first, init: he}}, FUNCTION, {dense: {units: 3, init: xavier}}]
            train: {epochs: 12, optimizer: {sgd: {lr: RATE}}}
            diagnostics: 1
            """;
        using var run = new TestRun(Yaml.Replace("FUNCTION", function, StringComparison.Ordinal).Replace("RATE", rate, StringComparison.Ordinal));
        double[] early = [];
        run.Stepped += step =>
        {
            if (step == 60)
                run.Edit("first.weight", w => early = [.. w]);
        };
        run.Run();
        // A few may die at any rate: they are a remark.
        Alarm[] dead = [.. run.Raised(AlarmCatalog.DeadUnits).Where(a => !a.IsRemark)];
        if (!dies)
        {
            Assert.Empty(dead);
            return;
        }
        Alarm alarm = dead[0];
        Assert.InRange(alarm.Step, 20, 60);
        Assert.Contains("lr=", alarm.Remedy);
        Assert.Contains("leaky-relu", alarm.Remedy);
        // No gradient goes through, so nothing moves: the weights of step 60 are those of the end, to the last bit.
        double[] late = [];
        run.Edit("first.weight", w => late = [.. w]);
        int inputs = late.Length / 40;
        Assert.All(alarm.Units!, u => Assert.Equal(early[(u * inputs)..((u + 1) * inputs)], late[(u * inputs)..((u + 1) * inputs)]));
        Assert.NotEqual(early, late);
    }

    [Theory]
    [InlineData("sigmoid")]
    [InlineData("tanh")]
    public void Rows_26_and_28_careless_weights_saturate_units_from_the_start_and_careful_ones_do_not(string function)
    {
        // 784 inputs with weights of deviation 1: sums of deviation 28, where a sigmoid is flat beyond 4.
        (double idle, int alarms) = Begin($"[flatten, {{dense: {{units: 30, init: {{normal: {{std: 1}}}}}}}}, {function}, {{dense: 10}}]");
        Assert.True(idle > 0.7, $"{idle}");
        Assert.Equal(1, alarms);
        (idle, alarms) = Begin($"[flatten, {{dense: 30}}, {function}, {{dense: 10}}]");
        Assert.True(idle < 0.25, $"{idle}");
        Assert.Equal(0, alarms);
    }

    // Each sigmoid leaves a quarter of the gradient at most; weights of twice the deviation double it on every layer.
    [Fact]
    public void Row_27_vanishing_and_exploding_gradients_show_layer_by_layer()
    {
        double[] vanishing = Gradients("{dense: 16}, sigmoid");
        Assert.True(vanishing[0] < vanishing[^1] * Math.Pow(0.25, 8));
        for (int i = 0; i < vanishing.Length - 1; i++)
            Assert.True(vanishing[i] < vanishing[i + 1], $"{i}");
        double[] exploding = Gradients("{dense: {units: 64, init: {normal: {std: 0.5}}}}, relu");
        Assert.True(exploding[0] > 1000 * exploding[^1]);
        for (int i = 0; i < exploding.Length - 1; i++)
            Assert.True(exploding[i] > exploding[i + 1], $"{i}");
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("clip: {norm: 0.25},", 0.25)]
    public void Row_27_clipping_keeps_the_direction_of_a_step_and_limits_its_length(string clip, double limit)
    {
        // One batch, one step: w moved by lr·g.
        const string Yaml = """
            data: {dataset: {blobs: {train: 32, test: 8}}, batch: 32}
            model: [{dense: {units: 8, init: {normal: {std: 4}}}}, relu, {dense: {units: 3, init: {normal: {std: 4}}}}]
            train: {epochs: 1, CLIP optimizer: {sgd: {lr: 1}}}
            """;
        using var run = new TestRun(Yaml.Replace("CLIP", clip, StringComparison.Ordinal));
        double[] before = run.Weights();
        run.Run();
        double[] step = [.. before.Zip(run.Weights(), (b, a) => b - a)];
        double length = Norm(step);
        if (limit > 0)
            Assert.Equal(limit, length, 1e-5);
        else
            Assert.True(length > 1, $"{length}");
        double[] gradient = GradientOf(run, before);
        Assert.Equal(1, step.Zip(gradient, (s, g) => s * g).Sum() / (length * Norm(gradient)), 1e-6);
    }

    private static (double Idle, int Alarms) Begin(string model)
    {
        using var run = new TestRun($"data: {{dataset: {{digits: {{train: 64, test: 8}}}}, batch: 32}}\nmodel: {model}\ntrain: {{epochs: 1}}\n");
        InitAudit audit = Audit(run);
        return (audit.Layers.Single(l => double.IsFinite(l.Idle)).Idle, audit.Alarms.Count(a => a.Id == AlarmCatalog.SaturatedStart));
    }

    // Behind every layer of twelve.
    private static double[] Gradients(string layers)
    {
        using var run = new TestRun($"data: {{dataset: {{blobs: {{train: 64, test: 8}}}}, batch: 32}}\nmodel: [{{repeat: {{times: 12, layers: [{layers}]}}}}, {{dense: 3}}]\ntrain: {{epochs: 1}}\n");
        return [.. Audit(run).Layers.Where(l => l.Kind is "sigmoid" or "relu").Select(l => l.Gradient)];
    }

    private static InitAudit Audit(TestRun run) =>
        InitAudit.Run(run.Loaded.Config, run.Session.Trainer.Network, run.Session.Trainer.Model.Device, run.Data.Train, run.Data.Normalization, run.Data.Shape);

    private static double[] GradientOf(TestRun run, double[] weights)
    {
        using var probe = new LossProbe(run.Loaded.Config, run.Session.Trainer.Network, new ReferenceDevice(), run.Data.Train, run.Data.Normalization);
        int at = 0;
        foreach (Movable movable in Weights(probe))
        {
            int length = probe.Read(movable).Length;
            probe.Write(movable, 0, weights.AsSpan(at, length));
            at += length;
        }
        return GradientOf(probe);
    }

    private static double[] GradientOf(RunConfig config, Network network, SampleSet samples)
    {
        using LossProbe probe = Probe(config, network, samples);
        probe.Model.Initialise(1);
        return GradientOf(probe);
    }

    private static double[] GradientOf(LossProbe probe)
    {
        probe.Differentiate();
        return [.. Weights(probe).SelectMany(probe.Gradient)];
    }

    private static IEnumerable<Movable> Weights(LossProbe probe) => probe.Movables.Where(m => m.Parameter is not null);

    private static LossProbe Probe(RunConfig config, Network network, SampleSet samples) =>
        new(config, network, new ReferenceDevice(), samples, Normalization.None(samples.Shape[0]));

    private static double Norm(double[] values) => Math.Sqrt(values.Sum(v => v * v));

    private static RunConfig Config(string yaml) => ConfigBinder.Bind<RunConfig>((YamlMapping)YamlReader.Read(yaml, "test"), "the config");
}
