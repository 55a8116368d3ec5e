using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tests.Storage;

public sealed class ModelStateTests : IDisposable
{
    private const string Adam = "data: {shape: [7], classes: 3}\nmodel: [{dense: 33}, relu, {dense: 3}]\ntrain: {optimizer: {adam: {lr: 0.1}}, ema: 0.9}\n";

    private readonly TestFolder folder = new();
    private readonly CpuDevice cpu = new(1);

    public void Dispose()
    {
        cpu.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void All_that_lasts_on_a_device_comes_back_bit_by_bit()
    {
        using Model saved = ModelOf(Adam, cpu);
        FillWithNoise(saved);
        CheckpointFile.Write(folder["a"], CheckpointOf(saved));
        using Model restored = ModelOf(Adam, cpu);
        using CheckpointFile file = CheckpointFile.Open(folder["a"]);
        ModelState.Restore(restored, file.Content);
        Assert.Equal(BytesOf(saved), BytesOf(restored));
        Assert.Equal(saved.Memory.Durable.Select(s => s.Name), file.Content.Buffers.Select(b => b.Name));
        Assert.Contains(file.Content.Buffers, b => b.Name == saved.Memory.Ema!.Name);
        Assert.Equal(["0.weight", "0.bias", "2.weight", "2.bias"], file.Content.Parameters.Select(p => p.Name));
    }

    [Theory]
    [InlineData("dense: 33", "dense: 32", "has '0.weight' [33, 7] at 0 of 'parameters' as its parameter 0")]
    [InlineData("dense: 3}", "dense: 4}", "as its parameter 2")]
    [InlineData("relu, ", "", "as its parameter 2, the config's network has '1.weight'")]
    [InlineData("{dense: 3}]", "{dense: 3}, {dense: 3}]", "has no more as its parameter 4")]
    [InlineData("adam", "sgd", "also has 'optimizer slot 0'")]
    [InlineData(", ema: 0.9", "", "also has 'average weights'")]
    [InlineData("ema: 0.9", "ema: 0.9, accumulate: 2", "has no 'accumulated gradients'")]
    public void A_checkpoint_of_another_model_is_refused_and_nothing_is_copied(string before, string after, string message)
    {
        using Model saved = ModelOf(Adam, cpu);
        FillWithNoise(saved);
        CheckpointFile.Write(folder["a"], CheckpointOf(saved));
        using Model other = ModelOf(Adam.Replace(before, after, StringComparison.Ordinal), cpu);
        byte[][] untouched = BytesOf(other);
        using CheckpointFile file = CheckpointFile.Open(folder["a"]);
        var e = Assert.Throws<GpuGradException>(() => ModelState.Restore(other, file.Content));
        Assert.Contains(message, e.Message);
        Assert.Equal(untouched, BytesOf(other));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_buffer_of_another_length_is_refused(int more)
    {
        using Model model = ModelOf(Adam, cpu);
        Checkpoint whole = CheckpointOf(model);
        CheckpointBuffer last = whole.Buffers[^1];
        var other = new CheckpointBuffer(last.Name, last.Element, last.Length + more, (_, part) => part.Clear());
        Checkpoint changed = whole with { Buffers = [.. whole.Buffers.Take(whole.Buffers.Count - 1), other] };
        Assert.Contains($"has {last.Length + more} elements of 'totals'", Assert.Throws<GpuGradException>(() => ModelState.Restore(model, changed)).Message);
    }

    [Fact]
    public void Numbers_are_never_rounded_to_another_device()
    {
        using var reference = new ReferenceDevice();
        using Model saved = ModelOf(Adam, reference);
        CheckpointFile.Write(folder["a"], CheckpointOf(saved));
        using CheckpointFile file = CheckpointFile.Open(folder["a"]);
        using (Model same = ModelOf(Adam, reference))
            ModelState.Restore(same, file.Content);
        using Model other = ModelOf(Adam, cpu);
        Assert.Contains("as Float64, device cpu computes in Float32", Assert.Throws<GpuGradException>(() => ModelState.Restore(other, file.Content)).Message);
    }

    private static Model ModelOf(string yaml, Device device)
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>(YamlReader.Read(yaml, "test"), "the config");
        return new Model(config, Network.Build(config.Model, config.Data.KnownShape!.Shape), device);
    }

    private static Checkpoint CheckpointOf(Model model) => Samples.At(3) with { Parameters = ModelState.ParametersOf(model), Buffers = ModelState.BuffersOf(model) };

    private static void FillWithNoise(Model model)
    {
        var random = new Random(3);
        foreach (Slot slot in model.Memory.Durable)
        {
            var bytes = new byte[model.DeviceMemory[slot].Bytes];
            random.NextBytes(bytes);
            model.DeviceMemory[slot].Write(0, bytes);
        }
    }

    private static byte[][] BytesOf(Model model) => [.. model.Memory.Durable.Select(slot =>
    {
        var bytes = new byte[model.DeviceMemory[slot].Bytes];
        model.DeviceMemory[slot].Read(0, bytes);
        return bytes;
    })];
}
