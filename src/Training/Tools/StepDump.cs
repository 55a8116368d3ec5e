using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tools;

/// <summary>A tensor with the name and shape of the equivalent <c>torch.nn.Sequential</c>.</summary>
public sealed record NamedTensor(string Name, Shape Shape, double[] Values);

/// <summary>
/// Runs training steps on one batch and returns everything that they compute, for comparison with another framework. Loss, output,
/// gradients and parameters come from the plan that training runs; activations from one that fuses nothing.
/// </summary>
public static class StepDump
{
    /// <param name="config">The experiment.</param>
    /// <param name="network">Its network.</param>
    /// <param name="device">The device.</param>
    /// <param name="samples">The batch.</param>
    /// <param name="normalization">Scaling of the samples.</param>
    /// <param name="prepare">Sets the parameters before the first step.</param>
    /// <param name="steps">Number of steps on the same batch; the last one is returned.</param>
    public static IReadOnlyList<NamedTensor> Run(
        RunConfig config, Network network, Device device, SampleSet samples, Normalization normalization, Action<Model> prepare, int steps = 1)
    {
        using var model = new Model(config, network, device);
        var source = new BatchSource("batch", samples, normalization, config.Data.Augmentation?.InStep);
        prepare(model);
        source.Upload(model.DeviceMemory);
        model.Prepare(source, [], samples.Count);
        BoundGraph bound = model.Training(samples.Count);
        IReadOnlyList<NamedTensor> activations = [];
        for (int step = 0; step < steps; step++)
        {
            if (step == steps - 1)
                activations = Activations(config, network, device, samples, normalization, model, step);
            SetStep(config, model, step);
            bound.Plan.Run();
        }
        return
        [
            new("loss", default, [bound.Loss]),
            Read(bound, "output", bound.Graph.Output),
            .. activations,
            .. bound.Graph.Gradients.Select(g => new NamedTensor($"grad/{g.Key.Name}", g.Key.Shape, bound.Plan.Read(g.Value))),
            .. network.Parameters.Select(p => new NamedTensor($"param/{p.Name}", p.Shape, model.Read(p))),
            .. config.Train.Ema is null ? [] : network.Parameters.Where(model.Memory.Layout.IsTrained).Select(p => new NamedTensor($"average/{p.Name}", p.Shape, model.Read(p, average: true))),
        ];
    }

    /// <summary>Writes an npz file: doubles from the reference device, floats from the others.</summary>
    public static void Write(string path, IReadOnlyList<NamedTensor> tensors, bool doubles) => NpzWriter.Save(path, npz =>
    {
        foreach (NamedTensor tensor in tensors)
        {
            if (doubles)
                npz.Add(tensor.Name, tensor.Shape.Sizes, tensor.Values);
            else
                npz.Add(tensor.Name, tensor.Shape.Sizes, Array.ConvertAll(tensor.Values, v => (float)v));
        }
    });

    // A separate model with the same weights, so that reading activations changes nothing (a forward pass updates running statistics).
    private static IReadOnlyList<NamedTensor> Activations(
        RunConfig config, Network network, Device device, SampleSet samples, Normalization normalization, Model original, int step)
    {
        using var copy = new Model(config, network, device);
        var source = new BatchSource("batch", samples, normalization, config.Data.Augmentation?.InStep);
        foreach (Parameter parameter in network.Parameters)
            copy.Write(parameter, original.Read(parameter));
        source.Upload(copy.DeviceMemory);
        copy.Prepare(source, [], samples.Count, new PlanOptions { Fuse = false, Reuse = false });
        BoundGraph bound = copy.Training(samples.Count);
        SetStep(config, copy, step);
        bound.Plan.Run(Kernels.Graphs.Phase.Batch, Kernels.Graphs.Phase.Forward);
        return [.. bound.Graph.Activations.Select(a => Read(bound, $"activation/{a.Key}", a.Value))];
    }

    private static NamedTensor Read(BoundGraph bound, string name, Tensor tensor) => new(name, tensor.Shape, bound.Plan.Read(tensor));

    private static void SetStep(RunConfig config, Model model, int step)
    {
        double rate = config.Train.Optimizer.Lr * config.Train.Schedule.FactorAt(new Progress(step, Math.Max(1, config.Train.Epochs), 1));
        model.SetStep(config.Seed, step, 0, step, rate);
    }
}
