using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics.Explanations;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Diagnostics;

/// <summary>A network on one sample: the gradients shown are those of the values shown.</summary>
public sealed class NetworkExplanationTests
{
    [Fact]
    public void The_gradient_of_each_layer_follows_from_that_of_the_next_by_the_chain_rule()
    {
        NetworkExplanation network = Explain("data: {shape: [3], targets: 2, batch: 4}\nmodel: [{dense: 4}, tanh, {dense: 2}]\nloss: squared-error\n");
        Assert.True(network.IsTiny);
        Assert.Equal(["input", "0", "1", "2"], network.Layers.Select(l => l.Path));
        (LayerExplanation first, LayerExplanation tanh, LayerExplanation last) = (network.Layers[1], network.Layers[2], network.Layers[3]);
        double[] weights = last.Weights[0].Values;
        for (int unit = 0; unit < 4; unit++)
        {
            double arrives = (last.Gradients[0] * weights[unit]) + (last.Gradients[1] * weights[4 + unit]);
            Assert.Equal(arrives, tanh.Gradients[unit], 1e-12);
            Assert.Equal(arrives * (1 - (tanh.Values[unit] * tanh.Values[unit])), first.Gradients[unit], 1e-12);
            Assert.Equal(last.Gradients[0] * tanh.Values[unit], last.Weights[0].Gradients[unit], 1e-12);
        }
        string html = new UnitPicture(network) { Title = "net" }.ToHtml();
        Assert.Equal(3 + 4 + 4 + 2, html.Split("<circle").Length - 1);
        Assert.Equal(12 + 4 + 8, html.Split("<line").Length - 1);
    }

    [Fact]
    public void A_network_over_images_is_explained_layer_by_layer()
    {
        NetworkExplanation network = Explain("data: {shape: [1, 6, 6], classes: 3}\nmodel: [{conv: {filters: 2, kernel: 3}}, relu, {residual: [{conv: {filters: 2, kernel: 3, padding: 1}}]}, flatten, {dense: 3}]\n");
        Assert.False(network.IsTiny);
        Assert.Equal(6, network.Layers.Count);
        Assert.All(network.Layers, l => Assert.True(l.GradientNorm > 0, l.Path));
        Assert.Equal(["2.0.weight", "2.0.bias"], network.Layers[3].Weights.Select(w => w.Parameter.Name));
    }

    private static NetworkExplanation Explain(string yaml)
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>((YamlMapping)YamlReader.Read(yaml, "test"), "the config");
        Network network = ModelCheck.Check(config)!;
        return NetworkExplanation.Of(config, network, StepBatch.Random(network, config.Data.KnownShape!, 1, 3), Normalization.None(network.Input[0]), m => m.Initialise(1));
    }
}
