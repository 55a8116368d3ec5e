using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Plans;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tools;

/// <summary>Checks that a device has memory for a step on random samples, before they are made.</summary>
public static class StepRoom
{
    /// <param name="config">The experiment, with the batch size to check.</param>
    /// <param name="network">Its network.</param>
    /// <param name="shape">Shape of the samples.</param>
    /// <param name="device">The device.</param>
    /// <param name="dumped">Whether every activation is kept and written.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Memory"/>: the message names a batch size that fits.</exception>
    public static void Require(RunConfig config, Network network, DataShape shape, Device device, bool dumped = false) =>
        BatchAdvice.Attempt(config.Data.Batch, size =>
        {
            using var model = new Model(config, network, device);
            BatchSource source = BatchSource.Imaginary(shape, size);
            double step = model.BytesOfStep(source, size), kept = dumped ? model.BytesOfStep(source, size, new PlanOptions { Fuse = false, Reuse = false }) : 0;
            long samples = checked(size * shape.Shape.Length * sizeof(float));
            _ = shape.Shape.Prepend(size).Count;
            // The dump is held as doubles in the host's memory first.
            double host = samples + (2 * kept), onDevice = step + kept;
            HostMemory.Require("a step", (long)(device.UsesHostMemory ? host + onDevice : host));
            device.Require("a step", (long)onDevice);
            return size;
        });
}
