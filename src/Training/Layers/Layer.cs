using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>
/// A stage of a network: knows its shapes and parameters and adds the ops that compute it to a graph. It holds no numbers
/// and knows no device.
/// </summary>
public abstract class Layer
{
    /// <summary>Path in the network, e.g. <c>3</c>, <c>5.0</c> inside a residual block, or the name given in the config.</summary>
    public required string Path { get; init; }

    /// <summary>Kind of the layer, e.g. <c>conv</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Shape of one sample that comes in.</summary>
    public required Shape Input { get; init; }

    /// <summary>Shape of one sample that goes out.</summary>
    public abstract Shape Output { get; }

    /// <summary>Its own parameters and running statistics, those of inner layers not included.</summary>
    public virtual IReadOnlyList<Parameter> Parameters => [];

    /// <summary>Layers inside this one.</summary>
    public virtual IReadOnlyList<Layer> Inner => [];

    /// <summary>Settings for a summary table, e.g. <c>5×5, same</c>.</summary>
    public virtual string Details => "";

    /// <summary>
    /// Whether it can be given a sequence step by step: what it computes of a step needs nothing of the steps behind it, and of those ahead of it only
    /// what it carries (<see cref="LayerGraph.Carried"/>). Of layers with inner ones: whether it can where those can.
    /// </summary>
    public virtual bool TakesSteps => false;

    /// <summary>Adds the layer's ops. <paramref name="x"/> is [N, …Input]; the result [N, …Output].</summary>
    public abstract Tensor Apply(LayerGraph g, Tensor x);
}

/// <summary>The graph that layers add to, and what they need besides: their parameters, the mode, random numbers.</summary>
public sealed class LayerGraph(
    Graph graph, Func<Parameter, Tensor> parameters, bool training, Tensor? random, Func<Parameter, bool>? frozen = null, Action<Layer, Tensor>? afterLayer = null)
{
    private Tensor? lengths;
    private int steps;
    private readonly Dictionary<string, Tensor> activations = [];
    private readonly List<(Slot Slot, Func<Tensor> Value)> handedOn = [];
    private uint streams;

    public Graph Graph { get; } = graph;

    /// <summary>False when evaluating: no dropout, running statistics fixed.</summary>
    public bool Training { get; } = training;

    /// <summary>Whether the samples are a part of a batch whose others other processes have, who will run the same graph.</summary>
    public bool HasOtherParts { get; init; }

    /// <summary>State that layers carry to the next window of their sequences; null if every sequence is whole.</summary>
    public CarriedState? Carried { get; init; }

    /// <summary>The place of the only step that x has of its sequence; null where it has them all, or a window.</summary>
    public StepPlace? Place { get; init; }

    /// <summary>Whether a parameter or running statistic stays as it is, in training too.</summary>
    public bool IsFrozen(Parameter parameter) => frozen?.Invoke(parameter) == true;

    /// <summary>Seed and step for random masks, int [4]; only while training.</summary>
    public Tensor Random => random ?? throw new InvalidOperationException("Random numbers are drawn in training only.");

    /// <summary>A number that tells the random masks of a network apart: the same for a layer in every graph.</summary>
    public uint NextRandomStream() => streams++;

    /// <summary>Says how many steps of each sequence of a batch are real.</summary>
    /// <param name="x">The batch [N, T, …].</param>
    /// <param name="real">int [N], or null where all are.</param>
    public void SetLengths(Tensor x, Tensor? real) => (lengths, steps) = (real, x.Shape.Rank > 1 ? x.Shape[1] : 0);

    /// <summary>How many steps of each sequence of x [N, T, …] are real, int [N]; null where all are, or where x has not the batch's steps any more.</summary>
    public Tensor? LengthsOf(Tensor x) => x.Shape.Rank > 1 && x.Shape[1] == steps ? lengths : null;

    /// <summary>State that the previous window left; 0 at the beginning.</summary>
    /// <param name="layer">The layer, and what it is.</param>
    /// <param name="shape">The sequences first.</param>
    public Tensor CarriedBy(string layer, Shape shape) => Graph.Persistent(layer, shape, Carried!.SlotOf(layer, shape));

    /// <summary>State for the next window; written by <see cref="WriteHandedOn"/>.</summary>
    /// <param name="layer">As for <see cref="CarriedBy"/>.</param>
    /// <param name="shape">The sequences first.</param>
    /// <param name="value">Adds an op that makes it, with as many numbers.</param>
    public void HandOn(string layer, Shape shape, Func<Tensor> value) => handedOn.Add((Carried!.SlotOf(layer, shape), value));

    /// <summary>Writes what is handed on, once nothing reads any more what was found.</summary>
    public void WriteHandedOn()
    {
        foreach ((Slot slot, Func<Tensor> value) in handedOn)
            Graph.Place(value(), new Placement(slot, 0));
    }

    /// <summary>The output of each layer by path, in network order.</summary>
    public IReadOnlyDictionary<string, Tensor> Activations => activations;

    public Tensor this[Parameter parameter] => parameters(parameter);

    /// <summary>Applies a layer under its own scope and notes its output.</summary>
    public Tensor Apply(Layer layer, Tensor x)
    {
        string outer = Graph.Scope;
        Graph.Scope = layer.Path;
        Tensor y = layer.Apply(this, x);
        afterLayer?.Invoke(layer, y);
        Graph.Scope = outer;
        activations[layer.Path] = y;
        return y;
    }

    public Tensor Apply(IReadOnlyList<Layer> layers, Tensor x) => layers.Aggregate(x, (value, layer) => Apply(layer, value));
}
