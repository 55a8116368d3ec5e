using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Storage;

namespace GpuGrad.Training.Tests.Exchange;

public sealed class WeightFileTests : IDisposable
{
    private const string Yaml = "data: {shape: [7], classes: 3}\nmodel: [{dense: 33}, relu, {dense: 3}]\ntrain: {ema: 0.9}\n";

    private readonly TestFolder folder = new();
    private readonly CpuDevice cpu = new(1);

    private string File => folder["weights.safetensors"];

    public void Dispose()
    {
        cpu.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Weights_that_are_saved_load_into_another_model_bit_by_bit()
    {
        using Model saved = ModelOf(Yaml, seed: 1);
        using Model loaded = ModelOf(Yaml, seed: 2);
        WeightFile.Save(File, saved);
        WeightFile.Load(File, loaded);
        foreach ((Parameter a, Parameter b) in saved.Network.Parameters.Zip(loaded.Network.Parameters))
        {
            Assert.Equal(saved.Read(a), loaded.Read(b));
            Assert.Equal(saved.Read(a), loaded.Read(b, average: true));
        }
        using SafetensorsFile file = SafetensorsFile.Open(File);
        Assert.Equal([33, 7], file["0.weight"]!.Shape);
    }

    [Fact]
    public void What_pytorch_counts_besides_is_no_hindrance()
    {
        using Model model = ModelOf(Yaml, seed: 1);
        SafetensorsWriter.Write(File, [.. TensorsOf(model), TensorToWrite.Of("1.num_batches_tracked", [], [5f])]);
        WeightFile.Load(File, model);
    }

    [Theory]
    [InlineData("{dense: 33}", "{dense: 32}", "'0.weight' has shape [33, 7], expected [32, 7]")]
    [InlineData("relu, ", "", "it has no '1.weight', '1.bias', but '2.bias', '2.weight'")]
    [InlineData(", {dense: 3}]", ", relu]", "the network has no '2.bias', '2.weight'")]
    [InlineData("[7]", "[8]", "'0.weight' has shape [33, 7], expected [33, 8]")]
    public void Weights_of_another_network_are_refused_and_nothing_is_copied(string before, string after, string message)
    {
        using Model saved = ModelOf(Yaml, seed: 1);
        WeightFile.Save(File, saved);
        using Model other = ModelOf(Yaml.Replace(before, after, StringComparison.Ordinal), seed: 2);
        double[][] untouched = [.. other.Network.Parameters.Select(p => other.Read(p))];
        var e = Assert.Throws<GpuGradException>(() => WeightFile.Load(File, other));
        Assert.Equal($"{File}: does not fit the network: {message}.", e.Message);
        Assert.Equal(untouched, other.Network.Parameters.Select(p => other.Read(p)));
    }

    private static IEnumerable<TensorToWrite> TensorsOf(Model model) =>
        model.Network.Parameters.Select(p => TensorToWrite.Of(p.Name, p.Shape.Sizes, Array.ConvertAll(model.Read(p), v => (float)v)));

    private Model ModelOf(string yaml, ulong seed)
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>(YamlReader.Read(yaml, "test"), "the config");
        var model = new Model(config, Network.Build(config.Model, config.Data.KnownShape!.Shape), cpu);
        model.Initialise(seed);
        return model;
    }
}
