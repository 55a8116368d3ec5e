using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Attention;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Sequences;

/// <summary>Attention in a network: padding, the future, memory, tied tables, and what is refused.</summary>
public sealed class AttentionTests
{
    private const int Steps = 7, Classes = 5;

    public static TheoryData<string> Blocks =>
    [
        "{attention: {heads: 2}}", "{attention: {heads: 4, kv-heads: 2, causal: true, rotary: true}}",
        "{attention: {heads: 4, alibi: true}}", "{transformer: {heads: 2, norm: rmsnorm, activation: swiglu}}", "{transformer: {heads: 4, kv-heads: 1, norm-first: false, causal: true}}",
    ];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Padded_sequences_give_the_numbers_of_those_without_padding(string block)
    {
        foreach (Device device in new Device[] { new ReferenceDevice(), new CpuDevice(2) })
        {
            for (int length = 1; length <= Steps; length += 3)
            {
                IReadOnlyList<NamedTensor> alone = Step(block, length, Samples(length, length), device), padded = Step(block, Steps, Samples(Steps, length), device);
                foreach (NamedTensor expected in alone.Where(t => t.Name == "loss" || (t.Name.StartsWith("grad/", StringComparison.Ordinal) && !t.Name.StartsWith("grad/positions", StringComparison.Ordinal))))
                {
                    double[] found = padded.Single(t => t.Name == expected.Name).Values;
                    Tolerance tolerance = device is CpuDevice ? Tolerance.AgreementOfGradients : Tolerance.AgreementInDouble;
                    if (!Tolerance.IsCancelled(expected.Values, 1e-3)) // a bias of keys has no gradient
                        Assert.Null(tolerance.Explain($"{expected.Name} of {length} steps", expected.Values, found));
                }
                double[] position = padded.Single(t => t.Name == "grad/positions.weight").Values;
                Assert.All(position[(8 * length)..], g => Assert.Equal(0, g));
            }
            device.Dispose();
        }
    }

    [Fact]
    public void What_padding_holds_changes_nothing()
    {
        using Device device = new CpuDevice(2);
        SampleSet one = Samples(Steps, 3);
        SampleSet other = one with { Reals = [.. one.Reals!.Select((id, i) => i % Steps < 3 ? id : (id + 1) % Classes)] };
        foreach ((NamedTensor a, NamedTensor b) in Step("{transformer: {heads: 2}}", Steps, one, device).Zip(Step("{transformer: {heads: 2}}", Steps, other, device)).Where(p => p.First.Name.StartsWith("grad/", StringComparison.Ordinal)))
            Assert.Equal(a.Values, b.Values);
    }

    [Fact]
    public void A_causal_block_does_not_look_ahead()
    {
        using Device device = new CpuDevice(2);
        SampleSet one = Samples(Steps, Steps), other = one with { Reals = [.. one.Reals!.Select((id, i) => i % Steps < 4 ? id : (id + 2) % Classes)] };
        double[] a = Output("causal: true", one), b = Output("causal: true", other), c = Output("causal: false", one), d = Output("causal: false", other);
        Assert.Equal(a[..(4 * Classes)], b[..(4 * Classes)]);
        Assert.NotEqual(a[(4 * Classes)..(7 * Classes)], b[(4 * Classes)..(7 * Classes)]);
        Assert.NotEqual(c[..(4 * Classes)], d[..(4 * Classes)]);

        double[] Output(string causal, SampleSet samples) => Step($"{{transformer: {{heads: 2, {causal}}}}}", Steps, samples, device).Single(t => t.Name == "output").Values;
    }

    // T×T scores of one head would be 16 MiB at 2,048 steps.
    [Fact]
    public void Attention_takes_memory_in_proportion_to_the_steps()
    {
        (long half, long whole) = (Bytes(1024), Bytes(2048));
        Assert.InRange(whole, 1, (2 * half) + 4096);
        Assert.InRange(whole, 1, 4L << 20);

        static long Bytes(int steps)
        {
            var graph = new Graph();
            Tensor qkv = graph.Persistent("qkv", new TensorType(new Shape(1, steps, 3 * 32)));
            Tensor y = graph.Add(new Attention(1, 1, Causal: true), qkv);
            Tensor loss = graph.Add(new Kernels.Ops.Losses.MeanSquaredError(), y, graph.Persistent("t", new TensorType(y.Shape)));
            Tensor gradient = graph.Differentiate(loss, [qkv])[0]!;
            using var device = new CpuDevice(2);
            using var memory = new DeviceMemory(device);
            long bytes = 0;
            DeviceMemory.Allocating = (on, _, more) => bytes += on == device ? more : 0;
            using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [gradient] });
            DeviceMemory.Allocating = null;
            return bytes;
        }
    }

    // As Press et al. give them for 8 heads, and as their program does for others.
    [Fact]
    public void Slopes_of_alibi_are_those_of_the_paper()
    {
        Assert.Equal([0.5, 0.25, 0.125, 0.0625, 1 / 32.0, 1 / 64.0, 1 / 128.0, 1 / 256.0], AlibiSlopes.Of(8));
        Assert.Equal([1 / 256.0], AlibiSlopes.Of(1));
        Assert.Equal([.. AlibiSlopes.Of(8), Math.Pow(2, -0.5), Math.Pow(2, -1.5), Math.Pow(2, -2.5), Math.Pow(2, -3.5)], AlibiSlopes.Of(12));
    }

    [Fact]
    public void Attention_drops_weights_only_in_training()
    {
        using Device device = new CpuDevice(2);
        SampleSet samples = Samples(Steps, Steps);
        IReadOnlyList<NamedTensor> dropped = Step("{attention: {heads: 2, dropout: 0.5}}", Steps, samples, device), whole = Step("{attention: {heads: 2}}", Steps, samples, device);
        Assert.NotEqual(whole.Single(t => t.Name == "loss").Values, dropped.Single(t => t.Name == "loss").Values);
        Assert.Equal(Evaluated("{attention: {heads: 2}}"), Evaluated("{attention: {heads: 2, dropout: 0.5}}"));

        double Evaluated(string block)
        {
            RunConfig config = RunConfigFile.Load("test.yaml", text: Yaml(block, Steps)).Config;
            using var model = new Model(config, ModelCheck.Check(config)!, device);
            var source = new BatchSource("samples", samples, Normalization.None(Steps));
            source.Upload(model.DeviceMemory);
            model.Prepare(null, [source], samples.Count);
            Fill(model);
            return model.Evaluate(source, samples.Count).Loss;
        }
    }

    [Theory]
    [InlineData("{attention: 3}", "3 heads of 8 features")]
    [InlineData("{attention: {heads: 4, kv-heads: 3}}", "3 kv-heads for 4 heads")]
    [InlineData("{attention: {heads: 8, rotary: true}}", "expected an even number")]
    [InlineData("{attention: {heads: 2, rotary: true, alibi: true}}", "'rotary' and 'alibi' both say where a step stands")]
    [InlineData("{transformer: 3}", "3 heads of 8 features")]
    [InlineData("flatten, {attention: 2}", "expected [steps, features]")]
    [InlineData("{dense: {units: 5, tied: nothing}}", "not an embedding before it; expected the name or the position of one, such as 'tokens'")]
    [InlineData("{dense: {units: 4, tied: tokens}}", "whose table is [5, 8]; expected [4, 8]")]
    public void What_does_not_fit_is_refused_with_the_remedy(string layers, string message)
    {
        LoadedConfig config = RunConfigFile.Load("test.yaml", text: Yaml(layers, Steps));
        Assert.Contains(message, Assert.Throws<ConfigException>(() => ModelCheck.Check(config.Config)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weight_decay_of_weights_leaves_biases_norms_tables_and_positions_alone()
    {
        RunConfig config = RunConfigFile.Load("test.yaml", text: Yaml("{transformer: {heads: 2}}", Steps) + "train: {weight-decay-of: weights, optimizer: {adamw: {weight-decay: 0.5}}}\n").Config;
        ParameterLayout layout = ParameterGroups.Layout(config, ModelCheck.Check(config)!);
        string[] decayed = [.. layout.Trained.Where(p => ParameterGroups.SettingsOf(config.Train, layout.Groups.Single(g => g.Offset <= layout.OffsetOf(p) && layout.OffsetOf(p) < g.Offset + g.Length).Group).WeightDecay > 0).Select(p => p.Name)];
        Assert.Equal(["2.self_attn.in_proj_weight", "2.self_attn.out_proj.weight", "2.linear1.weight", "2.linear2.weight", "4.weight"], decayed);
    }

    private static string Yaml(string block, int steps) => $$"""
        data: {shape: [{{steps}}], classes: {{Classes}}, target-shape: [{{steps}}]}
        model: [{embedding: {name: tokens, rows: {{Classes}}, width: 8} }, {positions: {name: positions} }, {{block}}, {layernorm: {axes: 1} }, {dense: {{Classes}} }]

        """;

    private static IReadOnlyList<NamedTensor> Step(string block, int steps, SampleSet samples, Device device)
    {
        RunConfig config = RunConfigFile.Load("test.yaml", text: Yaml(block, steps)).Config;
        return StepDump.Run(config, ModelCheck.Check(config)!, device, samples, Normalization.None(steps), m => Fill(m));
    }

    // By name, as the steps say how many positions there are: the same numbers in networks of any length.
    private static void Fill(Model model)
    {
        model.Initialise(3);
        foreach (Parameter parameter in model.Network.Parameters)
            model.Write(parameter, [.. Enumerable.Range(0, parameter.Shape.Count).Select(i => 0.3 * Math.Sin(1 + i + parameter.Name.Length))]);
    }

    private static SampleSet Samples(int steps, int length) => new()
    {
        Shape = new Shape(steps),
        Count = 2,
        Reals = [.. Enumerable.Range(0, 2 * steps).Select(i => (float)(i % steps < length ? ((i / steps) + (i % steps * 3)) % Classes : 1))],
        PositionLabels = [.. Enumerable.Range(0, 2 * steps).Select(i => i % steps < length ? (i % steps) % Classes : -1)],
        Lengths = [length, length],
        AnswerShape = new Shape(steps),
    };
}
