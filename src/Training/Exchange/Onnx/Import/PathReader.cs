using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Layers;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>
/// Reads the nodes between two values as layers. If several nodes use a value, paths begin there and end at the node that joins them: a
/// residual or a branch. Paths may be nested.
/// </summary>
internal sealed class PathReader(OnnxSource source)
{
    private const int MostFormula = 24; // nodes of an activation's formula
    private const int MostDepth = 100;

    private readonly HashSet<NodeProto> done = [];
    private readonly Dictionary<string, Shape> shapes = [];

    public OnnxSource Source => source;

    /// <summary>The model's batch size if it is fixed; else 0.</summary>
    public long FixedBatch { get; } = source.Input.Type?.TensorType?.Shape?.Dim.FirstOrDefault()?.DimValue ?? 0;

    /// <summary>The shape of a sample of a value that was read; null for others.</summary>
    public Shape? ShapeOf(string value) => shapes.TryGetValue(value, out Shape shape) ? shape : null;

    /// <param name="from">The input value.</param>
    /// <param name="shape">Shape of one sample of it.</param>
    /// <param name="to">The output value.</param>
    /// <param name="depth">Nesting depth of this path.</param>
    public List<ImportedLayer> Read(string from, Shape shape, string to, int depth = 0)
    {
        if (depth > MostDepth)
            throw OnnxFault.Of($"paths are nested {MostDepth} deep", "fewer");
        var region = new Region(source, from, to);
        var layers = new List<ImportedLayer>();
        string current = from;
        shapes[from] = shape;
        while (current != to)
        {
            Stage[] stages = [.. region.StagesFrom(current).Take(MostFormula)];
            (IReadOnlyList<ImportedLayer> read, string next) = Formula(stages, current)
                ?? NormNodes.Formula(this, stages, current, shape)
                ?? LinearNodes.Formula(this, stages, shape)
                ?? ResizeNodes.Formula(this, stages, current, shape)
                ?? (stages[0].Nodes.Count == 1 && source.ComputedInputs(stages[0].Nodes[0]).Count() == 1 ? Single(stages[0], current, shape, layers) : Joined(stages[0], current, shape, depth));
            foreach (ImportedLayer layer in read)
                shape = OutputOf(layer, shape, source.ProducerOf(next)!, layers);
            shapes[next] = shape;
            current = next;
        }
        if (layers.LastOrDefault()?.Pads is not null)
            throw OnnxFault.In(source.ProducerOf(to)!, "no convolution follows it", "a convolution after a Pad");
        return layers;
    }

    // The longest sequence of nodes that is an activation.
    private (IReadOnlyList<ImportedLayer>, string)? Formula(Stage[] stages, string from)
    {
        (IReadOnlyList<ImportedLayer>, string)? found = null;
        var nodes = new List<NodeProto>();
        foreach (Stage stage in stages)
        {
            if (nodes.Count + stage.Nodes.Count > MostFormula || !stage.Nodes.All(n => Elementwise.Is(source, n)))
                break;
            nodes.AddRange(stage.Nodes);
            // An identity may be the beginning of a formula, not its end.
            if (Elementwise.Layer(source, nodes, from, stage.End) is { } layer && (layer.Count > 0 || found is null))
                found = (layer, stage.End);
        }
        if (found is { } formula)
            Take(stages.TakeUntil(s => s.End == formula.Item2).SelectMany(s => s.Nodes));
        return found;
    }

    private (IReadOnlyList<ImportedLayer>, string) Single(Stage stage, string input, Shape shape, List<ImportedLayer> before)
    {
        NodeProto node = stage.Nodes[0];
        Take([node]);
        if (node.Output.Skip(1).Any(o => o.Length > 0 && source.IsUsed(o)))
            throw OnnxFault.In(node, "its second output is used", "only the first");
        return NodeReaders.Find(node.OpType) is { } reader
            ? (reader(new NodeReading(this, node, input, shape, before)), stage.End)
            : throw OnnxFault.In(node, "no layer does this", "operators that docs/onnx.md lists");
    }

    private (IReadOnlyList<ImportedLayer>, string) Joined(Stage stage, string from, Shape shape, int depth)
    {
        NodeProto join = source.ProducerOf(stage.End)!;
        Take([join]);
        string[] inputs = [.. source.ComputedInputs(join)];
        string how = join.OpType switch
        {
            "Add" or "Sum" => "add",
            "Mul" => "multiply",
            "Concat" => "concat",
            _ => throw OnnxFault.In(join, "it takes several computed values", "Add, Mul or Concat where paths join"),
        };
        if (inputs.Length != join.Input.Count || inputs.Length < 2)
            throw OnnxFault.In(join, "it joins computed values with constants", "only computed values");
        if (how == "concat" && ShapeMath.Axis(join, join.Whole("axis", 1), shape.Rank + 1) != 1)
            throw OnnxFault.In(join, "it does not concatenate along axis 1", "axis 1, the first of a sample");
        List<ImportedLayer>[] paths = [.. inputs.Select(i => Read(from, shape, i, depth + 1))];
        if (how == "add" && paths.Length == 2 && paths.Any(p => p.Count > 0))
        {
            // The shortcut is the shorter one.
            int body = paths[1].Count > paths[0].Count ? 1 : 0;
            return ([new ImportedLayer("residual") { Paths = [paths[body], paths[1 - body]] }], stage.End);
        }
        var branch = new ImportedLayer("branch") { Paths = paths };
        return ([how == "concat" ? branch : branch.Set("join", how)], stage.End);
    }

    /// <summary>Appends a layer; returns its output shape.</summary>
    private Shape OutputOf(ImportedLayer layer, Shape shape, NodeProto node, List<ImportedLayer> layers)
    {
        if (layers.LastOrDefault()?.Pads is not null)
            throw OnnxFault.In(node, "its input is padded with zeros, but it is not a convolution", "a convolution after a Pad");
        if (layer.Pads is not null)
        {
            layers.Add(layer); // for the convolution that follows, which sees the shape without padding
            return shape;
        }
        Shape output;
        try
        {
            LayerConfig config = layer.ToConfig() with { Source = null };
            output = Networks.Network.Build([config], shape).Output;
        }
        catch (GpuGradException e) when (e.Fault is Fault.Config or Fault.Memory)
        {
            throw OnnxFault.In(node, e.Message, "a layer that GpuGrad has");
        }
        layers.Add(layer);
        return output;
    }

    /// <summary>Marks nodes as read; each is part of one path.</summary>
    public void Take(IEnumerable<NodeProto> nodes)
    {
        foreach (NodeProto node in nodes)
        {
            if (!done.Add(node))
                throw OnnxFault.In(node, "several paths that are not nested share it", "residuals and branches that are nested");
        }
    }
}

/// <summary>The nodes from one value to the next value that all paths go through.</summary>
internal sealed record Stage(IReadOnlyList<NodeProto> Nodes, string End);

/// <summary>The nodes that lead from one value to another.</summary>
internal sealed class Region
{
    private readonly OnnxSource source;
    private readonly string to;
    private readonly NodeProto[] nodes;
    private readonly Dictionary<string, int> taken = []; // number of uses of each value within the region

    public Region(OnnxSource source, string from, string to)
    {
        this.source = source;
        this.to = to;
        var found = new HashSet<NodeProto>();
        var open = new Stack<string>([to]);
        while (open.TryPop(out string? value))
        {
            if (value == from)
                continue;
            NodeProto node = source.ProducerOf(value) ?? throw OnnxFault.Of($"'{value}' does not come from '{from}' alone", "residuals and branches that are nested");
            if (!found.Add(node))
                continue;
            foreach (string input in source.ComputedInputs(node))
                open.Push(input);
        }
        nodes = [.. found.OrderBy(source.OrderOf)];
        foreach (string input in nodes.SelectMany(source.ComputedInputs))
            taken[input] = taken.GetValueOrDefault(input) + 1;
    }

    /// <summary>All stages from a value to the end.</summary>
    public IEnumerable<Stage> StagesFrom(string begin)
    {
        var live = new Dictionary<string, int> { [begin] = taken.GetValueOrDefault(begin) };
        var inside = new List<NodeProto>();
        int first = source.ProducerOf(begin) is { } producer ? Array.BinarySearch(nodes, producer, Comparer<NodeProto>.Create((a, b) => source.OrderOf(a).CompareTo(source.OrderOf(b)))) : -1;
        foreach (NodeProto node in nodes[(first + 1)..])
        {
            inside.Add(node);
            foreach (string input in source.ComputedInputs(node))
            {
                if (!live.TryGetValue(input, out int left))
                    throw OnnxFault.In(node, $"it uses '{Runs.Storage.OneLine.Of(input, 80)}', skipping the nodes in between", "residuals and branches that are nested");
                if (left == 1)
                    live.Remove(input);
                else
                    live[input] = left - 1;
            }
            foreach (string output in node.Output.Where(o => o == to || taken.ContainsKey(o)))
                live[output] = taken.GetValueOrDefault(output);
            if (live.Count == 1 && live.Single() is var only && only.Value == taken.GetValueOrDefault(only.Key))
            {
                yield return new Stage(inside, only.Key);
                inside = [];
            }
        }
    }
}

internal static class Stages
{
    /// <summary>Items up to and including the first that meets a condition.</summary>
    public static IEnumerable<T> TakeUntil<T>(this IEnumerable<T> all, Func<T, bool> last)
    {
        foreach (T one in all)
        {
            yield return one;
            if (last(one))
                yield break;
        }
    }
}
