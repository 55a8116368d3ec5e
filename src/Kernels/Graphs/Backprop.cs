using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Graphs;

/// <summary>A node as its op's backward rule sees it: the rule reads the gradients of the outputs and sets those of the inputs.</summary>
public sealed class Backprop
{
    private readonly GradientMap gradients;

    internal Backprop(Graph graph, Node node, GradientMap gradients)
    {
        Graph = graph;
        Node = node;
        this.gradients = gradients;
    }

    public Graph Graph { get; }

    public Node Node { get; }

    public Tensor Input(int index) => Node.Inputs[index];

    public Tensor Output(int index) => Node.Outputs[index];

    /// <summary>Whether the gradient of this input is wanted.</summary>
    public bool Needs(int input) => gradients.IsOnPath(Node.Inputs[input]);

    /// <summary>The gradient of the loss with respect to an output that the loss depends on.</summary>
    public Tensor Gradient(int output = 0) =>
        GradientOrNull(output) ?? throw new InvalidOperationException($"No gradient reached output {output} of {Node}.");

    /// <summary>The gradient of the loss with respect to an output, or null if the loss does not depend on it.</summary>
    public Tensor? GradientOrNull(int output) => gradients.Find(Node.Outputs[output]);

    /// <summary>Adds to the gradient of an input; the gradients that several nodes give for one tensor are summed.</summary>
    public void Give(int input, Tensor gradient) => gradients.Add(Node.Inputs[input], gradient);
}

/// <summary>Reverse-mode differentiation: applies the chain rule from the loss back to the wanted tensors.</summary>
public static class Differentiation
{
    /// <summary>
    /// Appends to the graph the ops that compute the gradient of <paramref name="loss"/> (one element) with respect to each of
    /// <paramref name="wanted"/>. Returns the gradients in the same order, null for a tensor that the loss does not depend on.
    /// </summary>
    public static IReadOnlyList<Tensor?> Differentiate(this Graph graph, Tensor loss, IReadOnlyList<Tensor> wanted)
    {
        if (loss.Shape.Length != 1)
            throw new ShapeException($"'{loss.Name}' has shape {loss.Shape}, expected one element: gradients are taken of a number.");
        var map = new GradientMap(graph, wanted);
        string scope = graph.Scope;
        map.Add(loss, graph.Add(new Fill(1, loss.Shape)));
        for (int i = loss.Producer?.Id ?? -1; i >= 0; i--)
        {
            Node node = graph.Nodes[i];
            if (!node.Inputs.Any(map.IsOnPath) || !node.Outputs.Any(map.Has))
                continue;
            graph.Scope = node.Scope;
            node.Op.Differentiate(new Backprop(graph, node, map));
        }
        graph.Scope = scope;
        return [.. wanted.Select(map.Find)];
    }
}

/// <summary>The gradients found so far, and the tensors on a path from a wanted one to the loss.</summary>
internal sealed class GradientMap
{
    private readonly Graph graph;
    private readonly HashSet<Tensor> path;
    private readonly Dictionary<Tensor, Tensor> found = [];

    public GradientMap(Graph graph, IReadOnlyList<Tensor> wanted)
    {
        this.graph = graph;
        path = [.. wanted];
        foreach (Node node in graph.Nodes)
        {
            if (node.Inputs.Any(path.Contains))
                path.UnionWith(node.Outputs.Where(o => o.Type.Element == ElementType.Real));
        }
    }

    public bool IsOnPath(Tensor tensor) => path.Contains(tensor);

    public bool Has(Tensor tensor) => found.ContainsKey(tensor);

    public Tensor? Find(Tensor tensor) => found.GetValueOrDefault(tensor);

    public void Add(Tensor tensor, Tensor gradient)
    {
        if (gradient.Shape != tensor.Shape)
            throw new ShapeException($"The gradient of '{tensor.Name}' has shape {gradient.Shape}, expected {tensor.Shape}.");
        found[tensor] = found.TryGetValue(tensor, out Tensor? sum) ? graph.Add(new Add(), sum, gradient) : gradient;
    }
}
