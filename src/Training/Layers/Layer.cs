using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>
/// A stage of a network: has shapes and descriptions of its parameters, and adds the ops that compute its output to a graph.
/// It holds no values and is the same for every device.
/// </summary>
public abstract class Layer
{
    /// <summary>Path in the network, e.g. <c>3</c>, <c>5.0</c> inside a residual block, or the name given in the config.</summary>
    public required string Path { get; init; }

    /// <summary>Kind of the layer, e.g. <c>conv</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Shape of one input sample.</summary>
    public required Shape Input { get; init; }

    /// <summary>Shape of one output sample.</summary>
    public abstract Shape Output { get; }

    /// <summary>Its own parameters and running statistics, those of inner layers not included.</summary>
    public virtual IReadOnlyList<Parameter> Parameters => [];

    /// <summary>Layers inside this one.</summary>
    public virtual IReadOnlyList<Layer> Inner => [];

    /// <summary>Settings for a summary table, e.g. <c>5×5, same</c>.</summary>
    public virtual string Details => "";

    /// <summary>
    /// Whether it can take a sequence step by step: its output at a step does not depend on later steps, and depends on earlier ones only
    /// through the state that it carries (<see cref="LayerGraph.Carried"/>). A layer with inner layers can if all of these can.
    /// </summary>
    public virtual bool TakesSteps => false;

    /// <summary>Adds the layer's ops to the graph. <paramref name="x"/> is [N, …Input]; the result is [N, …Output].</summary>
    public abstract Tensor Apply(LayerGraph g, Tensor x);
}

/// <summary>The graph that layers add to, with what else they need: their parameters, the mode, random numbers.</summary>
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

    /// <summary>Whether other processes hold other parts of the batch and run the same graph.</summary>
    public bool HasOtherParts { get; init; }

    /// <summary>State that layers carry to the next window of their sequences; null if every sequence is whole.</summary>
    public CarriedState? Carried { get; init; }

    /// <summary>Position of the single step that x holds of its sequence; null if x holds whole sequences or windows.</summary>
    public StepPlace? Place { get; init; }

    /// <summary>Whether a parameter or running statistic is fixed, in training too.</summary>
    public bool IsFrozen(Parameter parameter) => frozen?.Invoke(parameter) == true;

    /// <summary>Seed and step for random masks, int [4]; only while training.</summary>
    public Tensor Random => random ?? throw new InvalidOperationException("Random numbers are drawn in training only.");

    /// <summary>Number of a stream of random masks, which is the same for a layer in every graph.</summary>
    public uint NextRandomStream() => streams++;

    /// <summary>Sets the number of real steps of each sequence in a batch.</summary>
    /// <param name="x">The batch [N, T, …].</param>
    /// <param name="real">int [N], or null if all are real.</param>
    public void SetLengths(Tensor x, Tensor? real) => (lengths, steps) = (real, x.Shape.Rank > 1 ? x.Shape[1] : 0);

    /// <summary>Number of real steps of each sequence of x [N, T, …], int [N]; null if all are, or if x no longer has the batch's steps.</summary>
    public Tensor? LengthsOf(Tensor x) => x.Shape.Rank > 1 && x.Shape[1] == steps ? lengths : null;

    /// <summary>State left by the previous window; 0 at the start of a sequence.</summary>
    /// <param name="layer">The layer, and which of its states.</param>
    /// <param name="shape">Shape; the first axis is the sequences.</param>
    public Tensor CarriedBy(string layer, Shape shape) => Graph.Persistent(layer, shape, Carried!.SlotOf(layer, shape));

    /// <summary>Registers state for the next window; <see cref="WriteHandedOn"/> writes it.</summary>
    /// <param name="layer">See <see cref="CarriedBy"/>.</param>
    /// <param name="shape">Shape; the first axis is the sequences.</param>
    /// <param name="value">Adds the op that computes it, with as many elements.</param>
    public void HandOn(string layer, Shape shape, Func<Tensor> value) => handedOn.Add((Carried!.SlotOf(layer, shape), value));

    /// <summary>Writes the state for the next window, once nothing reads the old state any more.</summary>
    public void WriteHandedOn()
    {
        foreach ((Slot slot, Func<Tensor> value) in handedOn)
            Graph.Place(value(), new Placement(slot, 0));
    }

    /// <summary>The output of each layer by path, in network order.</summary>
    public IReadOnlyDictionary<string, Tensor> Activations => activations;

    public Tensor this[Parameter parameter] => parameters(parameter);

    /// <summary>Appends an op of x and weights, with a bias if there is one.</summary>
    public Tensor Add(Op op, Tensor x, Tensor weights, Parameter? bias) => bias is null ? Graph.Add(op, x, weights) : Graph.Add(op, x, weights, this[bias]);

    /// <summary>Applies a layer under its own scope and records its output.</summary>
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
