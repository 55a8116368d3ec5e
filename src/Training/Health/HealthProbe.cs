using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Health;
using GpuGrad.Kernels.Ops.Recurrence;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Health;

/// <summary>
/// What is looked at in a training step, and where its figures lie: in one slot, so that a step costs one read. The probe adds ops to
/// the graph of a watched step; steps that are not watched have none of them.
/// </summary>
public sealed class HealthProbe
{
    private const int Alignment = 16; // floats in the 64 bytes that a tensor begins at a multiple of

    private readonly Dictionary<string, WatchedLayer> layers = [];
    private readonly BufferRanges ranges;
    private readonly int trained;
    private readonly ILookup<string, WatchedTime> times;

    /// <param name="network">The network.</param>
    /// <param name="layout">Where its parameters lie.</param>
    public HealthProbe(Network network, ParameterLayout layout)
    {
        Parameters = [.. layout.Trained];
        ranges = new BufferRanges([.. Parameters.Select(p => (checked((int)layout.OffsetOf(p)), p.Shape.Count))]);
        trained = checked((int)Math.Max(1, layout.TrainedLength));
        int length = 0;
        foreach ((Layer layer, int axis) in Watched(network, layout))
        {
            int units = layer.Output.Prepend(1)[axis];
            layers[layer.Path] = new WatchedLayer(layer.Path, layer.Kind, axis, units, layer.Output.Count / units) { Offset = length };
            length = Align(length + (UnitStatistics.Figures * units));
        }
        var walks = new List<WatchedTime>();
        foreach (RecurrentLayer layer in network.AllLayers.OfType<RecurrentLayer>())
        {
            foreach ((string name, bool reverse) in layer.Walks)
            {
                walks.Add(new WatchedTime(layer.Path, layer.Kind, name, reverse, layer.Input[0]) { Offset = length });
                length = Align(length + layer.Input[0]);
            }
        }
        Times = walks;
        times = walks.ToLookup(t => t.Path);
        GradientsAt = length;
        WeightsAt = Align(GradientsAt + Parameters.Count);
        UpdatesAt = Align(WeightsAt + Parameters.Count);
        Slot = new Slot("health", ElementType.Real, Align(UpdatesAt + Parameters.Count));
    }

    /// <summary>All figures of the last watched step.</summary>
    public Slot Slot { get; }

    /// <summary>The layers looked at, in network order.</summary>
    public IReadOnlyList<WatchedLayer> Layers => [.. layers.Values];

    /// <summary>Recurrent layers, each level and direction, whose gradient is looked at step by step.</summary>
    public IReadOnlyList<WatchedTime> Times { get; }

    /// <summary>The trained parameters, in the order of their norms.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    internal int GradientsAt { get; }

    internal int WeightsAt { get; }

    internal int UpdatesAt { get; }

    /// <summary>Called behind a layer: looks at its output where it is one of those watched.</summary>
    internal void AfterLayer(Graph graph, Layer layer, Tensor output)
    {
        if (layers.TryGetValue(layer.Path, out WatchedLayer? watched))
            Place(graph, graph.Add(new UnitStatistics(watched.Axis, watched.Low, watched.High), output), watched.Offset);
    }

    /// <summary>Called behind the way back: norms of the gradients of recurrent layers at each step of time.</summary>
    internal void AfterBackward(Graph graph)
    {
        foreach (IGrouping<string, Node> layer in graph.Nodes.Where(n => n.Op is RecurrenceGradient).ToList().GroupBy(n => n.Scope))
        {
            // The way back goes from the last walk to the first.
            foreach ((Node node, WatchedTime time) in layer.Reverse().Zip(times[layer.Key]))
                Place(graph, graph.Add(new StepNorms(), node.Outputs[0]), time.Offset);
        }
    }

    /// <summary>Called before the update: norms of gradients and weights. What comes back is the weights as they are now.</summary>
    internal Tensor? BeforeUpdate(Graph graph, Slot gradients, Slot parameters)
    {
        if (Parameters.Count == 0)
            return null;
        Tensor weights = Whole(graph, parameters);
        Place(graph, graph.Add(new RangeNorms(ranges), Whole(graph, gradients)), GradientsAt);
        Place(graph, graph.Add(new RangeNorms(ranges), weights), WeightsAt);
        return graph.Add(new Copy(), weights);
    }

    /// <summary>Called behind the update: how far it moved each parameter.</summary>
    internal void AfterUpdate(Graph graph, Tensor? before, Slot parameters)
    {
        if (before is not null)
            Place(graph, graph.Add(new RangeNorms(ranges, Difference: true), Whole(graph, parameters), before), UpdatesAt);
    }

    private void Place(Graph graph, Tensor figures, int offset) => graph.Place(figures, new Placement(Slot, offset));

    private Tensor Whole(Graph graph, Slot slot) => graph.Persistent(slot.Name, new Shape(trained), slot);

    // A unit is a channel behind a convolution and a number of the row behind a dense layer.
    // Nothing can be done about units that come before everything that is trained.
    private static IEnumerable<(Layer Layer, int Axis)> Watched(Network network, ParameterLayout layout)
    {
        bool last = false, trained = !layout.State.Any(p => p.Trained);
        foreach (Layer layer in network.AllLayers.Where(l => l.Inner.Count == 0 || l == network.Layers[^1]))
        {
            if (layer.Parameters.Count > 0 && !LayerCatalog.IsActivation(layer.Kind))
                last = WatchedLayer.UnitsAreLast(layer.Kind);
            trained |= layer.Parameters.Any(layout.IsTrained);
            if (trained && WatchedLayer.IsWatched(layer, layer == network.Layers[^1]))
                yield return (layer, last ? layer.Output.Rank : 1);
        }
    }

    private static int Align(int length) => checked((length + Alignment - 1) / Alignment * Alignment);
}
