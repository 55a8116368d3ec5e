using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics.GradientChecks;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tests.Docs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Diagnostics;

/// <summary>The gradient check of whole networks: passes what is right, fails what is wrong, and knows a kink when it meets one.</summary>
public sealed class GradientCheckTests
{
    private const string Everything = """
        data: {shape: [2, 8, 8], classes: 3, batch: 4}
        model:
          - conv: {filters: 4, kernel: 3, padding: same}
          - batchnorm
          - relu
          - residual: [{conv: {filters: 4, kernel: 3, padding: 1, bias: false}}, {groupnorm: 2}, silu]
          - maxpool: 2
          - conv-transpose: {filters: 3, kernel: 2, stride: 2}
          - leaky-relu
          - avgpool: 2
          - dropout: 0.3
          - branch: {join: concat, paths: [[{conv: {filters: 2, kernel: 1}}], [tanh]]}
          - flatten
          - layernorm
          - dense: 6
          - gelu
          - dense: 3
        """;

    [Theory]
    [InlineData("softmax-cross-entropy")]
    [InlineData("hinge")]
    [InlineData("squared-hinge")]
    [InlineData("bce-with-logits")]
    [InlineData("mse")]
    [InlineData("mae")]
    [InlineData("huber")]
    public void A_network_of_every_kind_of_layer_passes_in_double_and_on_the_cpu(string loss)
    {
        using Device cpu = DeviceCatalog.Open("cpu", 2);
        GradientReport report = Check($"{Everything}\nloss: {loss}\ntrain: {{penalty: {{l1: 0.01, l2: 0.01}}}}\n", 12, device: cpu);
        Assert.True(report.Passed, string.Join("\n", report.Tensors.Where(t => !t.Passed).Select(t => $"{t.Name}: {t.Problem} {t.RelativeError} {t.Device} {t.Worst}")));
        Assert.All(report.Tensors, t => Assert.True(t.RelativeError < 1e-5 && t.Skipped <= t.Moved / 2, $"{t.Name} {t.RelativeError} {t.Skipped}"));
        Assert.Equal("x", report.Tensors[^1].Name);
    }

    [Fact]
    public void A_wrong_derivative_fails_in_every_layer_before_it_and_in_none_after()
    {
        foreach (Activation wrong in new Activation[] { new Activation<WrongSign>("wrong-sign"), new Activation<Doubled>("doubled"), new Activation<Shifted>("shifted"), new Activation<Detached>("detached") })
        {
            GradientReport report = Check(Mlp(wrong), null);
            Assert.False(report.Passed);
            Assert.Equal(["0.weight", "0.bias", "x"], report.Tensors.Where(t => !t.Passed).Select(t => t.Name));
        }
        Assert.True(Check(Mlp(Activation.Find("tanh")), null).Passed);
    }

    [Fact]
    public void A_wrong_derivative_that_no_sampled_number_shows_is_found_along_all_numbers_at_once()
    {
        GradientReport report = Check(Mlp(new Activation<Shifted>("shifted")), 1);
        Assert.All(report.Tensors.Where(t => t.Layer == "0"), t => Assert.False(t.Entries[^1].Agrees));
    }

    [Fact]
    public void Tensors_checked_together_cost_less_and_a_failing_group_is_split_up()
    {
        GradientReport apart = Check(Mlp(Activation.Find("tanh")), 0), together = Check(Mlp(Activation.Find("tanh")), 0, together: 3);
        Assert.True(apart.Passed && together.Passed);
        Assert.Equal((1, 3), (apart.Together, together.Together));
        Assert.True(together.Evaluations < apart.Evaluations);
        Assert.Equal(apart.Tensors.Select(t => t.Name), together.Tensors.Select(t => t.Name));
        Assert.Equal(["0.weight", "0.bias", "x"], Check(Mlp(new Activation<Shifted>("shifted")), 0, together: 3).Tensors.Where(t => !t.Passed).Select(t => t.Name));
    }

    // All biases 0 and black pixels: the first layer's units all stand exactly where relu bends.
    [Fact]
    public void Numbers_at_a_kink_are_left_out_and_counted()
    {
        RunConfig config = Mlp(Activation.Find("relu"));
        config = config with { Model = [new DenseConfig { Units = 5, BiasInit = new ConstantInit { Value = 0 } }, .. config.Model.Skip(1)] };
        var black = new SampleSet { Shape = new Shape(3), Count = 2, Reals = new float[6], Labels = [0, 0] };
        GradientReport report = Check(config, null, jitter: 0, samples: black);
        CheckedTensor bias = report.Tensors.Single(t => t.Name == "0.bias");
        Assert.Equal(bias.Moved, bias.Skipped);
        Assert.Equal("nothing to compare: every place is a kink", bias.Problem);
        Assert.True(report.Tensors.Single(t => t.Name == "2.bias").Passed);
    }

    [Fact]
    public void A_tensor_that_nothing_reads_does_not_pass()
    {
        GradientReport report = Check(Mlp(Activation.Find("tanh")), null);
        Assert.Null(report.Tensors[0].Problem);
        Assert.Equal("nothing in the forward pass reads it", (report.Tensors[0] with { IsRead = false }).Problem);
    }

    // A classifier of 32×32×3 pixels and a 1: 10 × 3073 weights, as in the third document.
    [Fact]
    public void The_numeric_gradient_of_30730_parameters_takes_30731_evaluations()
    {
        RunConfig config = Config("data: {shape: [3073], classes: 10, batch: 2}\nmodel: [{dense: {units: 10, bias: false}}]\nloss: hinge\n");
        GradientReport report = Check(config, 2);
        Assert.Equal(30_730, report.Parameters);
        Assert.Equal(30_731, report.ForwardEvaluations);
        Assert.Equal(61_460, report.CentralEvaluations);
        Assert.True(report.Passed);
    }

    [Fact]
    public void The_error_of_a_difference_is_a_v_whose_best_step_is_smaller_for_forward_than_for_central_ones()
    {
        RunConfig config = Mlp(Activation.Find("tanh"));
        Network network = ModelCheck.Check(config)!;
        using var check = new GradientCheck(config, network, StepBatch.Random(network, config.Data.KnownShape!, 4, 1), Normalization.None(3), new GradientCheckOptions { Samples = 1 });
        IReadOnlyList<StepError> errors = check.StepSizes();
        Assert.Equal(12, errors.Count);
        StepError forward = errors.MinBy(e => e.Forward)!, central = errors.MinBy(e => e.Central)!;
        Assert.InRange(forward.Step, 1e-9, 1e-7);
        Assert.InRange(central.Step, 1e-6, 1e-4);
        Assert.True(central.Central < forward.Forward / 10);
        Assert.True(errors[0].Forward > 1e4 * forward.Forward && errors[^1].Forward > 1e3 * forward.Forward);
        // h against h²: two decades of step are two decades of error for one, four for the other.
        Assert.InRange(Math.Log10(errors[1].Forward / errors[3].Forward), 1.5, 2.5);
        Assert.InRange(Math.Log10(errors[0].Central / errors[2].Central), 3.5, 4.5);
    }

    [Theory]
    [InlineData("spirals")]
    [InlineData("digits")]
    public void The_example_configs_pass(string name)
    {
        LoadedConfig loaded = RunConfigFile.Load(Path.Combine(DocumentFile.Root(), "configs", name + ".yaml"));
        var data = TrainingData.Load(loaded.Config, new DataContext(loaded.Folder, 1));
        Network network = ModelCheck.Check(loaded.Config, data.Shape);
        using var check = new GradientCheck(loaded.Config, network, data.Train.Pick([0, 1, 2, 3]), data.Normalization, new GradientCheckOptions { Samples = 4 });
        using Device cpu = DeviceCatalog.Open("cpu", 2);
        Assert.True(check.Run(cpu).Passed);
    }

    private static RunConfig Mlp(Activation activation) => new()
    {
        Data = new DataConfig { Shape = [3], Classes = 2 },
        Model = [new DenseConfig { Units = 5 }, new ActivationConfig { Function = activation }, new DenseConfig { Units = 2 }],
    };

    private static RunConfig Config(string yaml) => ConfigBinder.Bind<RunConfig>((YamlMapping)YamlReader.Read(yaml, "test"), "the config");

    private static GradientReport Check(string yaml, int? samples, Device? device = null) => Check(Config(yaml), samples, device: device);

    private static GradientReport Check(RunConfig config, int? samplesEach, double jitter = 0.1, SampleSet? samples = null, Device? device = null, int together = 1)
    {
        Network network = ModelCheck.Check(config)!;
        samples ??= StepBatch.Random(network, config.Data.KnownShape!, 4, 1);
        using var check = new GradientCheck(config, network, samples, Normalization.None(samples.Shape[0]), new GradientCheckOptions { Samples = samplesEach, Jitter = jitter, Together = together });
        return check.Run(device);
    }

    private readonly struct WrongSign : IActivation
    {
        public static bool NeedsInput => false;

        public static int Flops => 1;

        public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => R.Tanh(x);

        public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> => -(dy * (R.Of(1) - (y * y)));
    }

    private readonly struct Doubled : IActivation
    {
        public static bool NeedsInput => false;

        public static int Flops => 1;

        public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => R.Tanh(x);

        public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> => R.Of(2) * dy * (R.Of(1) - (y * y));
    }

    private readonly struct Shifted : IActivation
    {
        public static bool NeedsInput => false;

        public static int Flops => 1;

        public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => R.Tanh(x);

        public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> => dy * (R.Of(1.001) - (y * y));
    }

    private readonly struct Detached : IActivation
    {
        public static bool NeedsInput => false;

        public static int Flops => 1;

        public static R Forward<R>(R x, R parameter) where R : struct, IReal<R> => R.Tanh(x);

        public static R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R> => dy - dy;
    }
}
