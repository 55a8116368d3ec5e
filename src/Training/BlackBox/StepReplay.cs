using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Rows;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.BlackBox;

/// <summary>Replays the steps of a bundle op by op on any device and finds the first non-finite value.</summary>
public sealed class StepReplay
{
    private readonly StepBundle bundle;
    private readonly RunConfig config;
    private readonly Network network;

    public StepReplay(StepBundle bundle)
    {
        this.bundle = bundle;
        config = bundle.Config;
        network = Network.Build(config.Model, bundle.Card.Shape);
    }

    /// <summary>The first non-finite value; null if all are finite.</summary>
    /// <remarks>Each op runs by itself, so that the first is exact; if all are finite then, ops run fused, as they did in training.</remarks>
    public Finding? Run(Device device) => Run(device, fuse: false) ?? (device.Fuses ? Run(device, fuse: true) : null);

    private Finding? Run(Device device, bool fuse)
    {
        using var model = new Model(config, network, device);
        var source = new BatchSource("train", bundle.Spread(), bundle.Card.Normalization, config.Data.Augmentation);
        source.Upload(model.DeviceMemory);
        model.Prepare(source, [], config.Data.Batch, new PlanOptions { Fuse = fuse });
        Restore(model);
        if (Unsound(model) is Finding before)
            return before;
        Dictionary<string, TensorFigures> last = [], now = [];
        foreach (StepRecord step in bundle.Steps)
        {
            for (int i = 0; i < step.Batches.Count; i++)
            {
                BatchRecord batch = step.Batches[i];
                source.Shuffle(model.DeviceMemory, batch.Samples.ToArray());
                model.SetStep(config.Seed, batch.Number, 0, step.Step - 1, step.Rate);
                source.Provide(model.DeviceMemory, 0, batch.Size, new BatchTime(config.Seed, batch.Number));
                var walk = new NodeWalk(model, model.Training(batch.Size), step, batch, last, now);
                if (walk.Run(isLast: i == step.Batches.Count - 1) is Finding finding)
                    return finding;
            }
            (last, now) = (now, last);
            now.Clear();
        }
        return null;
    }

    private void Restore(Model model)
    {
        foreach (Slot slot in model.Memory.Durable)
        {
            NumberArray saved = bundle.State.GetValueOrDefault(slot.Name)
                ?? throw new GpuGradException(Fault.Data, $"state.npz: no array '{slot.Name}', which the config asks for");
            if (saved.Count != slot.Length)
                throw new GpuGradException(Fault.Data, $"state.npz: '{slot.Name}' has {saved.Count} numbers, the config asks for {slot.Length}");
            if (saved.Values is float[] floats)
                model.DeviceMemory.Write(slot, 0, floats.AsSpan());
            else
                model.DeviceMemory.Write(slot, 0, saved.ToDoubles().AsSpan());
        }
    }

    // The state itself may hold the value: then an earlier step wrote it.
    private Finding? Unsound(Model model)
    {
        foreach (Parameter parameter in network.Parameters)
        {
            double[] values = model.Read(parameter);
            if (NonFiniteScan.Find(values) is >= 0 and long at)
            {
                StepRecord first = bundle.Steps[0];
                return new Finding
                {
                    Step = first.Step - 1,
                    Epoch = first.Epoch,
                    Direction = Direction.Update,
                    Layer = parameter.Layer,
                    Kind = network.AllLayers.First(l => l.Path == parameter.Layer).Kind,
                    Tensor = parameter.Name,
                    Shape = parameter.Shape,
                    Index = NodeWalk.Unravel(at, parameter.Shape),
                    Value = values[at],
                    Count = values.LongCount(v => !double.IsFinite(v)),
                    Op = "an earlier step",
                };
            }
        }
        return null;
    }
}
