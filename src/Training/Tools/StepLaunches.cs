using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tools;

/// <summary>Counts the kernels that a training step launches.</summary>
public static class StepLaunches
{
    /// <summary>Binds a step on a batch of random samples; runs nothing.</summary>
    public static int Of(RunConfig config, Network network, Device device)
    {
        int batch = config.Data.Batch;
        DataShape shape = config.Data.KnownShape!;
        SampleSet samples = StepBatch.Random(network, shape, batch, config.Seed);
        using var model = new Model(config, network, device);
        var source = new BatchSource("batch", samples, Normalization.None(shape.Shape[0]), config.Data.Augmentation?.InStep);
        source.Upload(model.DeviceMemory);
        model.Prepare(source, [], batch);
        return model.Training(batch).Plan.Launches;
    }
}
