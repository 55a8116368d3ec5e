using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Sequences;

/// <summary>Recurrent layers beside PyTorch's are in the agreement tests; here are padding, names and beginnings.</summary>
public sealed class RecurrentTests
{
    private const int Features = 3, Longest = 5;

    private static readonly int[] Lengths = [2, Longest, 1, 4];

    public static TheoryData<string> Padded =>
    [
        "{rnn: {units: 4, return: last}}",
        "{rnn: {units: 4, activation: relu, bidirectional: true, layers: 2, return: last}}",
        "{lstm: {units: 4, bidirectional: true, layers: 2, return: last}}",
        "{gru: {units: 4, bidirectional: true, layers: 2, return: last}}",
        "{lstm: {units: 4, bidirectional: true}}, {time-pool: mean}",
        "{gru: {units: 4, bidirectional: true}}, {lstm: 3}, {time-pool: max}",
        "{gru: {units: 4, bias: false}}, {time-pool: last}",
    ];

    [Theory]
    [MemberData(nameof(Padded))]
    public void A_padded_batch_gives_what_its_sequences_give_one_by_one(string layers)
    {
        foreach (Device device in new Device[] { new ReferenceDevice(), new CpuDevice(2) })
        {
            double accuracy = device is CpuDevice ? 2e-6 : 1e-12;
            Dictionary<string, double[]> together = Step(layers, Batch(0), device);
            var sums = together.Where(t => t.Key.StartsWith("grad/", StringComparison.Ordinal)).ToDictionary(t => t.Key, t => new double[t.Value.Length]);
            for (int i = 0; i < Lengths.Length; i++)
            {
                Dictionary<string, double[]> alone = Step(layers, Alone(i), device);
                AssertNear(alone["output"], together["output"][(2 * i)..(2 * (i + 1))], accuracy);
                foreach ((string name, double[] sum) in sums)
                {
                    for (int j = 0; j < sum.Length; j++)
                        sum[j] += alone[name][j] / Lengths.Length;
                }
            }
            foreach ((string name, double[] sum) in sums)
                AssertNear(sum, together[name], accuracy);
            device.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Padded))]
    public void What_stands_in_the_padding_changes_no_bit(string layers)
    {
        using var device = new CpuDevice(1);
        Dictionary<string, double[]> zeros = Step(layers, Batch(0), device), others = Step(layers, Batch(7), device);
        Assert.All(zeros.Where(t => !t.Key.StartsWith("activation/", StringComparison.Ordinal)), t => Assert.Equal(t.Value, others[t.Key]));
    }

    [Fact]
    public void States_beyond_the_end_of_a_sequence_are_0_in_the_output()
    {
        using var device = new ReferenceDevice();
        double[] states = Step("{lstm: {units: 4, bidirectional: true}}, {time-pool: mean}", Batch(1), device)["activation/0"];
        for (int row = 0; row < Lengths.Length * Longest; row++)
            Assert.Equal(row % Longest >= Lengths[row / Longest], states[(8 * row)..(8 * (row + 1))].All(v => v == 0));
    }

    [Fact]
    public void Parameters_have_the_names_and_shapes_of_pytorch()
    {
        Network network = ModelCheck.Check(Config("{lstm: {units: 4, layers: 2, bidirectional: true, return: last}}", Longest))!;
        Assert.Equal(
            [
                "0.weight_ih_l0 [16, 3]", "0.weight_hh_l0 [16, 4]", "0.bias_ih_l0 [16]", "0.bias_hh_l0 [16]",
                "0.weight_ih_l0_reverse [16, 3]", "0.weight_hh_l0_reverse [16, 4]", "0.bias_ih_l0_reverse [16]", "0.bias_hh_l0_reverse [16]",
                "0.weight_ih_l1 [16, 8]", "0.weight_hh_l1 [16, 4]", "0.bias_ih_l1 [16]", "0.bias_hh_l1 [16]",
                "0.weight_ih_l1_reverse [16, 8]", "0.weight_hh_l1_reverse [16, 4]", "0.bias_ih_l1_reverse [16]", "0.bias_hh_l1_reverse [16]",
                "1.weight [2, 8]", "1.bias [2]",
            ],
            network.Parameters.Select(p => $"{p.Name} {p.Shape}"));
    }

    [Fact]
    public void Parameters_are_initially_uniform_within_one_over_the_root_of_the_units()
    {
        Network network = ModelCheck.Check(Config("{gru: {units: 25, return: last}}", Longest))!;
        foreach (Parameter parameter in network.Parameters.Where(p => p.Layer == "0"))
        {
            double[] values = network.InitialValues(parameter, 1);
            Assert.All(values, v => Assert.InRange(v, -0.2, 0.2));
            Assert.InRange(values.Max(Math.Abs), 0.18, 0.2);
        }
    }

    [Fact]
    public void Orthogonal_initialisation_is_orthogonal_gate_by_gate()
    {
        Network network = ModelCheck.Check(Config("{gru: {units: 4, recurrent-init: orthogonal, return: last}}", Longest))!;
        double[] w = network.InitialValues(network.Parameters.Single(p => p.Name == "0.weight_hh_l0"), 1);
        for (int pair = 0; pair < 3 * 4 * 4; pair++)
        {
            (int gate, int i, int j) = (pair / 16, pair / 4 % 4, pair % 4);
            double dot = Enumerable.Range(0, 4).Sum(k => w[(16 * gate) + (4 * i) + k] * w[(16 * gate) + (4 * j) + k]);
            Assert.Equal(i == j ? 1 : 0, dot, 1e-12);
        }
    }

    [Theory]
    [InlineData("flatten, {lstm: 4}", "expected [steps, features]; ids need 'embedding' before it")]
    [InlineData("{lstm: {units: 4, dropout: 0.5}}", "'dropout' acts between its layers, but there is only one")]
    public void What_a_recurrent_layer_cannot_do_is_refused_in_a_line(string layers, string message)
    {
        ConfigException e = Assert.Throws<ConfigException>(() => ModelCheck.Check(Config(layers, Longest)));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    private static SampleSet Batch(double padding) => new()
    {
        Shape = new Shape(Longest, Features),
        Count = Lengths.Length,
        Reals = [.. Enumerable.Range(0, Lengths.Length).SelectMany(i => Enumerable.Range(0, Longest * Features).Select(k => k < Lengths[i] * Features ? Number(i, k) : padding)).Select(v => (float)v)],
        Labels = [0, 1, 1, 0],
        Lengths = Lengths,
    };

    private static SampleSet Alone(int i) => new()
    {
        Shape = new Shape(Lengths[i], Features),
        Count = 1,
        Reals = [.. Enumerable.Range(0, Lengths[i] * Features).Select(k => (float)Number(i, k))],
        Labels = [Batch(0).Labels![i]],
    };

    private static double Number(int sample, int place) => Math.Sin((17.0 * sample) + place);

    private static RunConfig Config(string layers, int steps) => RunConfigFile.Load("test.yaml", text: $"seed: 3\ndata: {{shape: [{steps}, {Features}], classes: 2}}\nmodel: [{layers}, {{dense: 2}}]\n").Config;

    private static Dictionary<string, double[]> Step(string layers, SampleSet samples, Device device)
    {
        RunConfig config = Config(layers, samples.Shape[0]);
        IReadOnlyList<NamedTensor> found = StepDump.Run(config, ModelCheck.Check(config)!, device, samples, Normalization.None(samples.Shape[0]), m => m.Initialise(3));
        return found.ToDictionary(t => t.Name, t => t.Values);
    }

    private static void AssertNear(double[] expected, double[] actual, double accuracy)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], accuracy);
    }
}
