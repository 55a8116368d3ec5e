using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Networks;

/// <summary>The row of a layer in a summary.</summary>
public sealed record LayerSummary(string Path, string Kind, Shape Output, long Parameters, double Flops, string Details);

/// <summary>Sizes and costs of a network, from the nodes of a training step.</summary>
public sealed record NetworkSummary
{
    public required IReadOnlyList<LayerSummary> Layers { get; init; }

    public required long Parameters { get; init; }

    /// <summary>Operations of the forward pass, per sample.</summary>
    public required double ForwardFlops { get; init; }

    /// <summary>Operations of a whole step, per batch.</summary>
    public required double StepFlops { get; init; }

    /// <summary>Bytes of parameters, gradients, optimizer and running statistics.</summary>
    public required long StateBytes { get; init; }

    /// <summary>Bytes of a step's temporaries.</summary>
    public required long ArenaBytes { get; init; }

    public required long UnsharedBytes { get; init; }

    /// <summary>Lays out a step without allocating or running anything.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Memory"/>: a tensor is too large; the message names a batch size at which all fit.</exception>
    public static NetworkSummary Of(RunConfig config, Network network) => BatchAdvice.Attempt(config.Data.Batch, size => Of(config, network, size));

    private static NetworkSummary Of(RunConfig config, Network network, int batch)
    {
        var memory = new ModelMemory(ParameterGroups.Layout(config, network), config.Train);
        ModelGraph graph = new ModelGraphs(config, network, memory).Training(BatchSource.Imaginary(config.Data.KnownShape!, batch), batch);
        using var device = new CpuDevice(1);
        using var unallocated = new DeviceMemory(device);
        PlanLayout layout = PlanLayout.Of(graph.Graph, unallocated);
        layout.RequireCountable();
        // Fused ops would count for the layer of their first op; the table needs each by itself.
        ILookup<string, Node> forward = PlanLayout.Of(graph.Graph, unallocated, new PlanOptions { Fuse = false }).Nodes.Where(n => n.Phase == Phase.Forward).ToLookup(n => n.Scope);
        return new NetworkSummary
        {
            Layers = [.. network.AllLayers.Select(l => Row(l, forward[l.Path].Sum(n => n.Cost.Flops) / batch))],
            Parameters = network.ParameterCount,
            ForwardFlops = layout.Nodes.Where(n => n.Phase == Phase.Forward).Sum(n => n.Cost.Flops) / batch,
            StepFlops = layout.Nodes.Sum(n => n.Cost.Flops),
            StateBytes = 4 * (memory.Durable.Sum(s => s.Length) + memory.Gradients.Length),
            ArenaBytes = layout.ArenaBytes,
            UnsharedBytes = layout.UnsharedBytes,
        };
    }

    /// <summary>Arithmetic operations of a network's forward pass, per sample.</summary>
    public static double ForwardFlopsOf(RunConfig config, Network network)
    {
        const int Batch = 2;
        var memory = new ModelMemory(ParameterGroups.Layout(config, network), config.Train);
        var shape = new Data.DataShape(network.Input, config.Data.KnownShape?.Classes ?? 2, 0);
        ModelGraph graph = new ModelGraphs(config, network, memory).Inference(BatchSource.Imaginary(shape, Batch), Batch);
        return graph.Graph.Nodes.Where(n => n.Phase == Phase.Forward).Sum(n => n.Cost.Flops) / Batch;
    }

    private static LayerSummary Row(Layer layer, double flops) =>
        new(layer.Path, layer.Kind, layer.Output, layer.Parameters.Where(p => p.Trained).Sum(p => p.Shape.Length), flops, layer.Details);
}
