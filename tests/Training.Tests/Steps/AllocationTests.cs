using GpuGrad.Kernels.Devices;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Steps;

/// <summary>A step that allocates nothing leaves the garbage collector nothing to do, however long a run is.</summary>
[Collection("accelerators")]
public sealed class AllocationTests : IDisposable
{
    private readonly string path = Path.Combine(Path.GetTempPath(), $"gpugrad-{Guid.NewGuid():N}.yaml");

    private static readonly string[] Nets =
    [
        """
        data: {shape: [3, 12, 12], classes: 4, batch: 5, augment: [{flip: horizontal}, {shift: 1}]}
        model:
          - conv: {filters: 6, kernel: 5, padding: same}
          - relu
          - maxpool: 2
          - conv: {filters: 12, kernel: 3, padding: same, bias: false}
          - batchnorm
          - gelu
          - conv: {filters: 12, kernel: 3, groups: 12, stride: 2}
          - residual: [{conv: {filters: 12, kernel: 1}}, relu]
          - avgpool: 2
          - flatten
          - dropout: 0.3
          - dense: 4
        train: {optimizer: {adamw: {lr: 0.01}}, clip: {norm: 1}, ema: 0.99}
        """,
        """
        data: {shape: [7], targets: 2, batch: 9}
        model: [{dense: 16}, layernorm, tanh, {dense: 2}]
        loss: mse
        train: {optimizer: {sgd: {lr: 0.01, momentum: 0.9, nesterov: true}}}
        """,
    ];

    [Theory]
    [InlineData("cpu", 0)]
    [InlineData("cpu", 1)]
    [InlineData("opencl:0", 0)]
    [InlineData("opencl:0", 1)]
    public void A_training_step_allocates_nothing(string id, int net)
    {
        File.WriteAllText(path, Nets[net]);
        RunConfig config = RunConfigFile.Load(path).Config;
        Network network = ModelCheck.Check(config)!;
        using Device device = TestDevice.Open(id, 1);
        using var model = new Model(config, network, device);
        SampleSet samples = StepBatch.Random(network, config.Data.KnownShape!, config.Data.Batch, config.Seed);
        var source = new BatchSource("batch", samples, Normalization.None(samples.Shape[0]), config.Data.Augmentation);
        model.Initialise(config.Seed);
        source.Upload(model.DeviceMemory);
        model.Prepare(source, [], samples.Count);
        Step(0);
        Step(1);
        Assert.Equal(0, Spent.Bytes(() =>
        {
            for (int step = 2; step <= 11; step++)
                Step(step);
        }));
        Assert.True(double.IsFinite(model.Training(samples.Count).Loss));

        void Step(int step)
        {
            model.SetStep(config.Seed, step, 0, step, 0.01);
            model.Training(samples.Count).Plan.Run();
            if (!device.RunsAhead) // where it does, looking waits and copies
                Assert.True(double.IsFinite(model.Training(samples.Count).Loss));
        }
    }

    public void Dispose() => File.Delete(path);
}
