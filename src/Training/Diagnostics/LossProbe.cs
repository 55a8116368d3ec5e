using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Diagnostics;

/// <summary>A tensor that the loss depends on and that can be perturbed: a parameter, or the samples.</summary>
/// <param name="Name">The parameter's name, or <c>x</c>.</param>
/// <param name="Layer">Path of its layer, or <c>input</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Parameter">The parameter; null for the samples.</param>
public sealed record Movable(string Name, string Layer, Shape Shape, Parameter? Parameter);

/// <summary>
/// The loss of a network on one batch as a function of its parameters and of the samples: perturbs them, evaluates, and
/// differentiates. Random masks are always those of the first step.
/// </summary>
public sealed class LossProbe : IDisposable
{
    private readonly Model model;
    private readonly BoundGraph bound;
    private readonly KinkPattern kinks;
    private readonly int[] firstReader;
    private readonly int end;

    /// <param name="config">The experiment.</param>
    /// <param name="network">Its network.</param>
    /// <param name="device">The device; not disposed by the probe.</param>
    /// <param name="samples">The batch.</param>
    /// <param name="normalization">Scaling of the samples.</param>
    public LossProbe(RunConfig config, Network network, Device device, SampleSet samples, Normalization normalization)
    {
        Network = network;
        // With rounded factors the loss is a staircase without a measurable slope.
        model = new Model(config with { Precision = Precision.Float32 }, network, device);
        var source = new BatchSource("batch", samples, normalization);
        source.Upload(model.DeviceMemory);
        model.Prepare(source, [], samples.Count, new PlanOptions { Fuse = false, Reuse = false }, inputGradient: true);
        model.SetStep(config.Seed, 0, 0, 0, 0);
        bound = model.Training(samples.Count);
        kinks = new KinkPattern(network, bound.Graph, bound.Plan);
        Movables =
        [
            .. network.Parameters.Where(model.Memory.Layout.IsTrained).Select(p => new Movable(p.Name, p.Layer, p.Shape, p)),
            .. bound.Graph.InputGradient is null ? [] : new[] { new Movable("x", "input", bound.Graph.Batch.X.Shape, null) },
        ];
        List<Node> nodes = [.. bound.Plan.Nodes];
        end = nodes.FindLastIndex(n => n.Phase == Phase.Forward) + 1;
        firstReader = [.. Movables.Select(m => FirstReader(nodes, m))];
    }

    public Network Network { get; }

    /// <summary>The parameters in network order, followed by the samples if they have a gradient.</summary>
    public IReadOnlyList<Movable> Movables { get; }

    /// <summary>Number of evaluations of the loss, complete or partial.</summary>
    public long Evaluations { get; private set; }

    /// <summary>The model, for setting its weights.</summary>
    public Model Model => model;

    internal BoundGraph Bound => bound;

    /// <summary>Computes the loss.</summary>
    public double Evaluate()
    {
        bound.Plan.Run(Phase.Batch, Phase.Forward);
        Evaluations++;
        return bound.Loss;
    }

    /// <summary>Computes the loss and all gradients.</summary>
    public double Differentiate()
    {
        bound.Plan.Run(Phase.Batch, Phase.Backward);
        model.Memory.Carried.Clear(model.DeviceMemory); // every evaluation starts from the same state
        return bound.Loss;
    }

    /// <summary>Whether the forward pass reads a tensor.</summary>
    public bool IsRead(Movable movable) => Start(movable) < end;

    public double[] Read(Movable movable) =>
        movable.Parameter is Parameter parameter ? model.Read(parameter) : bound.Plan.Read(bound.Graph.Batch.X);

    /// <summary>The gradient computed by <see cref="Differentiate"/>; zeros if none reaches the tensor.</summary>
    public double[] Gradient(Movable movable)
    {
        Tensor? gradient = movable.Parameter is Parameter parameter ? bound.Graph.Gradients.GetValueOrDefault(parameter) : bound.Graph.InputGradient;
        return gradient is null ? new double[movable.Shape.Count] : bound.Plan.Read(gradient);
    }

    /// <summary>Sets elements of a tensor, starting at one.</summary>
    public void Write(Movable movable, long first, ReadOnlySpan<double> values)
    {
        if (movable.Parameter is Parameter parameter)
            model.DeviceMemory.Write(model.Memory.Parameters, model.Memory.Layout.OffsetOf(parameter) + first, values);
        else
            bound.Plan.Write(bound.Graph.Batch.X, first, values);
    }

    /// <summary>The loss after a change of one tensor only: nodes before it are not recomputed.</summary>
    public double EvaluateFrom(Movable movable)
    {
        for (int i = Start(movable); i < end; i++)
            bound.Plan.RunNode(i);
        Evaluations++;
        return bound.Loss;
    }

    /// <summary>Hash of the smooth piece of the last evaluation, as far as it depends on a tensor.</summary>
    public ulong PatternFrom(Movable movable) => kinks.After(Start(movable));

    /// <summary>Hash of the smooth piece of the last evaluation.</summary>
    public ulong Pattern() => kinks.After(0);

    public void Dispose() => model.Dispose();

    /// <summary>Of some tensors, the one that the forward pass reads first.</summary>
    public Movable Earliest(IEnumerable<Movable> movables) => movables.MinBy(Start)!;

    private int Start(Movable movable) => firstReader[Movables.ToList().IndexOf(movable)];

    private int FirstReader(List<Node> nodes, Movable movable)
    {
        Func<Tensor, bool> isIt = movable.Parameter is Parameter parameter
            ? t => t.Base.Placement is { } place && place.Slot == model.Memory.Parameters && place.Offset == model.Memory.Layout.OffsetOf(parameter)
            : t => t.Base == bound.Graph.Batch.X.Base;
        int first = nodes.FindIndex(n => n.Phase == Phase.Forward && n.Inputs.Any(isIt));
        return first < 0 ? end : first;
    }
}
