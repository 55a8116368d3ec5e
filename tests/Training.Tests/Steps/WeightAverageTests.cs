using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Steps;

/// <summary>The moving average of the weights, on a network that only shrinks: its inputs are 0, so each step leaves 0.95 of a weight.</summary>
[Collection("accelerators")]
public sealed class WeightAverageTests
{
    private const string Shrinking = """
        data: {shape: [2], targets: 1}
        model: [{dense: {units: 1, bias: false}}]
        loss: mse
        train: {optimizer: {sgd: {lr: 0.5, weight-decay: 0.1}}, ema: 0.6}
        """;

    // By hand, in fractions: 0.1·1 + 0.9·0.95 after the first step, then decays of 2/11, 3/12, … up to 13/22; 0.6 from the fourteenth on.
    [Theory]
    [InlineData("reference", 1, 0.955)]
    [InlineData("reference", 2, 0.9120454545454545)]
    [InlineData("reference", 3, 0.8710426136363636)]
    [InlineData("reference", 13, 0.5505835147669161)]
    [InlineData("reference", 14, 0.5254201005063616)]
    [InlineData("reference", 20, 0.3890240695278324)]
    [InlineData("cpu", 20, 0.3890240695278324)]
    [InlineData("emulated", 20, 0.3890240695278324)]
    [InlineData("opencl:0", 20, 0.3890240695278324)]
    public void It_forgets_the_initial_weights_soon_and_then_has_the_decay_of_the_config(string id, int steps, double average)
    {
        using Device device = TestDevice.Open(id, 1);
        Tolerance tolerance = device.RealSize == sizeof(double) ? Tolerance.Golden : Tolerance.Forward;
        Assert.Null(tolerance.Explain("average", [average, -2 * average], Train(Shrinking, device, steps).Average));
    }

    [Fact]
    public void A_decay_of_zero_gives_the_weights_themselves()
    {
        using Device device = TestDevice.Open("cpu", 1);
        (double[] average, double[] weights) = Train(Shrinking.Replace("0.6", "0", StringComparison.Ordinal), device, 3);
        Assert.Equal(weights, average);
    }

    private static (double[] Average, double[] Weights) Train(string yaml, Device device, int steps)
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>(YamlReader.Read(yaml, "c.yaml"), "the config");
        Network network = ModelCheck.Check(config)!;
        var zeros = new SampleSet { Shape = network.Input, Count = 3, Reals = new float[6], Targets = new float[3], TargetSize = 1 };
        IReadOnlyList<NamedTensor> found = StepDump.Run(config, network, device, zeros, Normalization.None(2), model => model.Write(network.Parameters[0], [1, -2]), steps);
        return (Values("average/0.weight"), Values("param/0.weight"));

        double[] Values(string name) => found.Single(t => t.Name == name).Values;
    }
}
