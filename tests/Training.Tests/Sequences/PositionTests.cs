using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Sequences;

/// <summary>A class for each position of a sequence: what the network must give, and the loss over the positions that have one.</summary>
public sealed class PositionTests
{
    private const string Tagger = "data: {shape: [4], classes: 3, target-shape: [4]}\nmodel: [{embedding: {rows: 5, width: 3}}, {dense: 3}]\n";

    private static readonly SampleSet Samples = new()
    {
        Shape = new Shape(4),
        Count = 2,
        Reals = [0, 1, 2, 3, 4, 3, 0, 0],
        PositionLabels = [2, 0, 1, 1, 0, 2, -1, -1],
        AnswerShape = new Shape(4),
    };

    [Theory]
    [InlineData("softmax-cross-entropy", 0)]
    [InlineData("focal: {gamma: 1.5}", 1.5)]
    public void The_loss_is_the_mean_over_the_positions_that_have_a_class(string loss, double gamma)
    {
        foreach (Device device in new Device[] { new ReferenceDevice(), new CpuDevice(2) })
        {
            IReadOnlyList<NamedTensor> found = Step(loss, Samples, device);
            double[] output = found.Single(t => t.Name == "output").Values;
            double sum = 0;
            for (int i = 0; i < 6; i++)
            {
                double[] row = output[(3 * i)..(3 * (i + 1))];
                double logp = row[Samples.PositionLabels![i]] - OutputMeaning.LogSumExp(row);
                sum -= Math.Pow(1 - Math.Exp(logp), gamma) * logp;
            }
            Assert.Equal(sum / 6, found.Single(t => t.Name == "loss").Values[0], device is CpuDevice ? 1e-6 : 1e-12);
            device.Dispose();
        }
    }

    [Fact]
    public void Ids_at_positions_without_a_class_change_no_gradient()
    {
        using Device device = new ReferenceDevice();
        SampleSet other = Samples with { Reals = [0, 1, 2, 3, 4, 3, 2, 4] };
        double[] one = Step("softmax-cross-entropy", Samples, device).Single(t => t.Name == "grad/0.weight").Values;
        Assert.Equal(one, Step("softmax-cross-entropy", other, device).Single(t => t.Name == "grad/0.weight").Values);
    }

    [Fact]
    public void A_network_with_one_output_per_sample_is_refused_with_what_is_missing()
    {
        LoadedConfig config = RunConfigFile.Load("test.yaml", text: Tagger.Replace("{dense: 3}", "flatten, {dense: 3}", StringComparison.Ordinal));
        ConfigException e = Assert.Throws<ConfigException>(() => ModelCheck.Check(config.Config));
        Assert.Contains("the network gives [3], softmax-cross-entropy expects [4, 3], a score for each class at each position; end the model with 'dense: 3' on 4 steps", e.Message);
    }

    [Theory]
    [InlineData("hinge")]
    [InlineData("dice")]
    [InlineData("mse")]
    [InlineData("bce-with-logits")]
    public void A_loss_that_has_no_meaning_for_positions_is_refused(string loss)
    {
        LoadedConfig config = RunConfigFile.Load("test.yaml", text: $"{Tagger}loss: {loss}\n");
        Assert.Throws<ConfigException>(() => ModelCheck.Check(config.Config));
    }

    private static IReadOnlyList<NamedTensor> Step(string loss, SampleSet samples, Device device)
    {
        RunConfig config = RunConfigFile.Load("test.yaml", text: $"{Tagger}loss: {{{loss}}}\n".Replace("{softmax-cross-entropy}", "softmax-cross-entropy", StringComparison.Ordinal)).Config;
        return StepDump.Run(config, ModelCheck.Check(config)!, device, samples, Normalization.None(4), m => m.Initialise(1));
    }
}
