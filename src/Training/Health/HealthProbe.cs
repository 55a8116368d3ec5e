using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Attention;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Health;
using GpuGrad.Kernels.Ops.Recurrence;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Health;

/// <summary>
/// Measurements in a training step. All are stored in one slot, so that a step costs one read. The probe adds ops to
/// the graph of a watched step; other steps have none of them.
/// </summary>
public sealed class HealthProbe
{
    private const int Alignment = 16; // floats in 64 bytes, the alignment of tensors

    private readonly Dictionary<string, WatchedLayer> layers = [];
    private readonly BufferRanges ranges;
    private readonly int trained;
    private readonly ILookup<string, WatchedTime> times;

    /// <param name="network">The network.</param>
    /// <param name="layout">Layout of its parameters.</param>
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
        var heads = new List<WatchedHeads>();
        foreach (AttentionLayer layer in network.AllLayers.OfType<AttentionLayer>().Where(l => l.Parameters.All(layout.IsTrained)))
        {
            heads.Add(new WatchedHeads(layer.Path, layer.Kind, layer.Heads, layer.Output[1] / layer.Heads) { Offset = length });
            length = Align(length + (2 * UnitStatistics.Figures * layer.Output[1]));
        }
        Heads = heads;
        Times = walks;
        times = walks.ToLookup(t => t.Path);
        GradientsAt = length;
        WeightsAt = Align(GradientsAt + Parameters.Count);
        UpdatesAt = Align(WeightsAt + Parameters.Count);
        Slot = new Slot("health", ElementType.Real, Align(UpdatesAt + Parameters.Count));
    }

    /// <summary>Slot with the measurements of the last watched step.</summary>
    public Slot Slot { get; }

    /// <summary>The watched layers, in network order.</summary>
    public IReadOnlyList<WatchedLayer> Layers => [.. layers.Values];

    /// <summary>Recurrent layers, each level and direction, whose gradient is measured per time step.</summary>
    public IReadOnlyList<WatchedTime> Times { get; }

    /// <summary>Attention layers that train, whose heads are measured.</summary>
    public IReadOnlyList<WatchedHeads> Heads { get; }

    /// <summary>The trained parameters, in the order of their norms.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    internal int GradientsAt { get; }

    internal int WeightsAt { get; }

    internal int UpdatesAt { get; }

    /// <summary>Called after a layer: measures its output if it is watched.</summary>
    internal void AfterLayer(Graph graph, Layer layer, Tensor output)
    {
        if (layers.TryGetValue(layer.Path, out WatchedLayer? watched))
            Place(graph, graph.Add(new UnitStatistics(watched.Axis, watched.Low, watched.High), output), watched.Offset);
    }

    /// <summary>Called after the backward pass: measures gradient norms of recurrent layers at each time step, and the heads of attention.</summary>
    internal void AfterBackward(Graph graph)
    {
        foreach (IGrouping<string, Node> layer in graph.Nodes.Where(n => n.Op is RecurrenceGradient).ToList().GroupBy(n => n.Scope))
        {
            // The backward pass visits the passes over time in reverse order.
            foreach ((Node node, WatchedTime time) in layer.Reverse().Zip(times[layer.Key]))
                Place(graph, graph.Add(new StepNorms(), node.Outputs[0]), time.Offset);
        }
        foreach (WatchedHeads layer in Heads)
        {
            Node gradient = graph.Nodes.Single(n => n.Op is AttentionGradient && n.Scope == layer.Path);
            (Tensor dy, Tensor y) = (gradient.Inputs[0], gradient.Inputs[2]);
            Place(graph, Statistics(graph, y), layer.Offset);
            Place(graph, Statistics(graph, dy), layer.Offset + (UnitStatistics.Figures * layer.Heads * layer.Width));
        }
    }

    /// <summary>Called before the update: measures norms of gradients and weights. Returns a copy of the weights.</summary>
    internal Tensor? BeforeUpdate(Graph graph, Slot gradients, Slot parameters)
    {
        if (Parameters.Count == 0)
            return null;
        Tensor weights = Whole(graph, parameters);
        Place(graph, graph.Add(new RangeNorms(ranges), Whole(graph, gradients)), GradientsAt);
        Place(graph, graph.Add(new RangeNorms(ranges), weights), WeightsAt);
        return graph.Add(new Copy(), weights);
    }

    /// <summary>Called after the update: measures how far it moved each parameter.</summary>
    internal void AfterUpdate(Graph graph, Tensor? before, Slot parameters)
    {
        if (before is not null)
            Place(graph, graph.Add(new RangeNorms(ranges, Difference: true), Whole(graph, parameters), before), UpdatesAt);
    }

    private static Tensor Statistics(Graph graph, Tensor x) => graph.Add(new UnitStatistics(x.Shape.Rank - 1, double.NegativeInfinity, double.PositiveInfinity), x);

    private void Place(Graph graph, Tensor figures, int offset) => graph.Place(figures, new Placement(Slot, offset));

    private Tensor Whole(Graph graph, Slot slot) => graph.Persistent(slot.Name, new Shape(trained), slot);

    // A unit is a channel after a convolution and an element of the row after a dense layer.
    // Units before the first trained layer are left out, as nothing can be done about them.
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
