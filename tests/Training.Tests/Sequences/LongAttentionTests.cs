using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tests.Sequences;

/// <summary>What attention over long sequences takes.</summary>
public sealed class LongAttentionTests
{
    private const int Heads = 4, Width = 32;

    [Theory]
    [InlineData("{attention: {heads: 4}}")]
    [InlineData("{attention: {heads: 4, alibi: true, dropout: 0.2}}")]
    [InlineData("{transformer: {heads: 4, kv-heads: 2, causal: true, rotary: true}}")]
    public void Memory_of_a_training_step_grows_with_the_steps_and_not_with_their_square(string layer)
    {
        using var device = new CpuDevice(2);
        double half = BytesOf(layer, 1024, device), whole = BytesOf(layer, 2048, device);
        Assert.InRange(whole, half, 2.01 * half);
        // Less than the scores of one layer alone would take.
        Assert.InRange(whole, 0, 4.0 * Heads * 2048 * 2048);
    }

    [Fact]
    public void Two_thousand_steps_are_trained_on()
    {
        using var device = new CpuDevice(2);
        using Model model = ModelOf("{transformer: {heads: 4, causal: true}}", 2048, device, out BatchSource source);
        model.Initialise(1);
        model.Prepare(source, [], 1);
        model.SetStep(1, 0, 0, 0, 0.1);
        BoundGraph step = model.Training(1);
        step.Plan.Run();
        double before = step.Loss;
        step.Plan.Run();
        Assert.InRange(step.Loss, 0, before - 1e-6);
    }

    private static double BytesOf(string layer, int steps, CpuDevice device)
    {
        using Model model = ModelOf(layer, steps, device, out BatchSource source);
        return model.BytesOfStep(source, 1) - (8.0 * model.Memory.Layout.TrainedLength);
    }

    private static Model ModelOf(string layer, int steps, CpuDevice device, out BatchSource source)
    {
        RunConfig config = RunConfigFile.Load(
            "test.yaml", text: $"data: {{shape: [{steps}, {Width}], classes: 2}}\nmodel: [{layer}, {{time-pool: mean}}, {{dense: 2}}]\ntrain: {{optimizer: {{sgd: {{lr: 0.1}}}}}}\n").Config;
        var samples = new SampleSet
        {
            Shape = config.Data.KnownShape!.Shape,
            Count = 1,
            Reals = [.. Enumerable.Range(0, steps * Width).Select(i => MathF.Sin(i))],
            Labels = [1],
        };
        source = new BatchSource("train", samples, Normalization.None(steps));
        var model = new Model(config, ModelCheck.Check(config)!, device);
        source.Upload(model.DeviceMemory);
        return model;
    }
}
