using GpuGrad.Kernels.Devices;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Steps;

/// <summary>The same seed on the same device gives the same bits, whatever else the device does meanwhile.</summary>
[Collection("accelerators")]
public sealed class KernelDeterminismTests : IDisposable
{
    private const int Steps = 6;

    private readonly string path = Path.Combine(Path.GetTempPath(), $"gpugrad-{Guid.NewGuid():N}.yaml");

    [Theory]
    [InlineData("opencl:0")]
    public void Two_runs_on_two_streams_at_once_have_the_bits_of_one_alone(string id)
    {
        File.WriteAllText(path, """
            data: {shape: [3, 12, 12], classes: 4, batch: 16, augment: [{flip: horizontal}, {noise: 0.1}]}
            model: [{conv: {filters: 8, kernel: 5, padding: same}}, batchnorm, gelu, {maxpool: 2}, flatten, {dropout: 0.3}, {dense: 32}, tanh, {dense: 4}]
            train: {optimizer: {adamw: {lr: 0.01}}, clip: {norm: 1}}
            """);
        RunConfig config = RunConfigFile.Load(path).Config;
        using var first = new Run(config, id);
        using var second = new Run(config, id);
        using var third = new Run(config, id);
        foreach (Run run in new[] { first, second, third })
            run.Losses(); // a driver compiles at the first launch; only what is compiled runs at once
        double[] alone = first.Losses();
        double[][] together = new double[2][];
        var other = new Thread(() => together[0] = second.Losses());
        other.Start();
        together[1] = third.Losses();
        other.Join();
        Assert.Equal(alone, together[0]);
        Assert.Equal(alone, together[1]);
        Assert.Equal(Steps, alone.Distinct().Count());
    }

    public void Dispose() => File.Delete(path);

    private sealed class Run : IDisposable
    {
        private readonly RunConfig config;
        private readonly Device device;
        private readonly Model model;

        public Run(RunConfig config, string id)
        {
            this.config = config;
            device = TestDevice.Open(id, 1);
            Network network = ModelCheck.Check(config)!;
            model = new Model(config, network, device);
            SampleSet samples = StepBatch.Random(network, config.Data.KnownShape!, config.Data.Batch, config.Seed);
            var source = new BatchSource("batch", samples, Normalization.None(samples.Shape[0]), config.Data.Augmentation);
            source.Upload(model.DeviceMemory);
            model.Prepare(source, [], config.Data.Batch);
        }

        public double[] Losses()
        {
            model.Initialise(config.Seed);
            var losses = new double[Steps];
            for (int step = 0; step < Steps; step++)
            {
                model.SetStep(config.Seed, step, 0, step, 0.01);
                model.Training(config.Data.Batch).Plan.Run();
                losses[step] = model.Training(config.Data.Batch).Loss;
            }
            return losses;
        }

        public void Dispose()
        {
            model.Dispose();
            device.Dispose();
        }
    }
}
