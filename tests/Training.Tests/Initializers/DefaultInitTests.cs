using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Health;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Initializers;

/// <summary>How layers begin where the config does not say: by what follows them.</summary>
public sealed class DefaultInitTests
{
    private const string Seven = "conv: {filters: 16, kernel: 3, padding: same}";

    [Theory]
    [InlineData("{dense: 8}, relu, {dense: 3}", "0", "he", true)]
    [InlineData("{dense: 8}, tanh, {dense: 3}", "0", "xavier", true)]
    [InlineData("{dense: 8}, selu, {dense: 3}", "0", "lecun", true)]
    [InlineData("{dense: 8}, {dense: 3}", "0", "xavier", true)]
    [InlineData("{dense: 8}, batchnorm, relu, {dense: 3}", "0", "pytorch", false)]
    [InlineData("{dense: 8}, dropout, layernorm, gelu, {dense: 3}", "0", "pytorch", false)]
    [InlineData("{dense: 8}, relu, batchnorm, {dense: 3}", "0", "he", true)]
    [InlineData("{dense: 8}, relu, {dense: 3}", "2", "pytorch", false)]
    [InlineData("{dense: 3}", "0", "xavier", false)]
    [InlineData("relu, {dense: 3}", "1", "xavier", false)]
    [InlineData("{dense: 8}, relu, {dense: 3}, softmax", "2", "pytorch", false)]
    [InlineData("{dense: 8}, relu, {dense: 3}, sigmoid", "2", "xavier", true)]
    [InlineData("{dense: {units: 8, init: he}}, relu, {dense: 3}", "0", "he", false)]
    [InlineData("{dense: 8}, {residual: [{dense: 8}, batchnorm]}, relu, {dense: 3}", "1.0", "pytorch", false)]
    [InlineData("{dense: 8}, {residual: [{dense: 8}]}, relu, {dense: 3}", "1.0", "he", true)]
    [InlineData("{dense: 8}, {residual: [relu, {dense: 8}]}, {dense: 3}", "1.1", "xavier", true)]
    [InlineData("{dense: 8}, relu, {residual: {layers: [{dense: 3}], shortcut: [{dense: 3}]}}", "2.0", "pytorch", false)]
    public void A_layers_initialisers_depend_on_what_follows_it(string model, string layer, string weights, bool biased)
    {
        Network network = ModelCheck.Check(Config($"data: {{shape: [8], classes: 3}}\nmodel: [{model}]\n"))!;
        InitConfig init = network.Parameters.Single(p => p.Name == layer + ".weight").Init, bias = network.Parameters.Single(p => p.Name == layer + ".bias").Init;
        var pytorch = new LecunInit { Gain = 1 / Math.Sqrt(3) };
        Assert.Equal(weights switch { "he" => new HeInit(), "xavier" => new XavierInit(), "lecun" => new LecunInit { Distribution = Distribution.Normal }, _ => pytorch }, init with { Source = null });
        Assert.Equal(biased ? pytorch : new ConstantInit(), bias);
    }

    [Theory]
    [InlineData($"{{{Seven}}}, batchnorm, gelu, {{{Seven}}}, batchnorm, gelu, {{maxpool: 2}}, {{{Seven}}}, batchnorm, gelu, {{{Seven}}}, batchnorm, gelu, {{maxpool: 2}}, {{{Seven}}}, batchnorm, gelu, flatten, {{dense: 10}}")]
    [InlineData($"{{{Seven}}}, relu, {{{Seven}}}, relu, {{maxpool: 2}}, {{{Seven}}}, relu, flatten, {{dense: 10}}")]
    [InlineData("flatten, {dense: 64}, gelu, {dense: 64}, gelu, {dense: 64}, gelu, {dense: 10}")]
    [InlineData("flatten, {dense: 64}, tanh, {dense: 64}, tanh, {dense: 10}")]
    public void A_network_starts_near_the_expected_loss_of_an_untrained_one(string model)
    {
        RunConfig config = Config($"data: {{shape: [3, 16, 16], classes: 10, batch: 32}}\nmodel: [{model}]\n");
        Network network = ModelCheck.Check(config)!;
        using var cpu = new CpuDevice(1);
        DataShape shape = config.Data.KnownShape!;
        InitAudit audit = InitAudit.Run(config, network, cpu, StepBatch.Random(network, shape, 32, 1), Normalization.None(3), shape);
        Assert.InRange(audit.Loss, Math.Log(10) - 0.05, Math.Log(10) + 0.5);
        Assert.Empty(audit.Alarms);
    }

    private static RunConfig Config(string yaml) => ConfigBinder.Bind<RunConfig>(YamlReader.Read(yaml, "c.yaml"), "the config");
}
