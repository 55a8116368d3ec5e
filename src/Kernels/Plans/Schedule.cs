using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Plans;

/// <summary>Chooses the nodes of a graph that a plan runs: those that something depends on, with neighbours fused.</summary>
internal static class Schedule
{
    public static List<Node> Of(Graph graph, PlanOptions options)
    {
        var keep = options.Keep.Select(t => t.Base).ToHashSet();
        List<Node> needed = WithoutDead(graph.Nodes, keep);
        return options.Fuse ? Fused(Reordered(needed, keep), keep) : needed;
    }

    private static List<Node> WithoutDead(IReadOnlyList<Node> nodes, HashSet<Tensor> keep)
    {
        var live = new HashSet<Tensor>(keep);
        var kept = new List<Node>();
        foreach (Node node in nodes.Reverse())
        {
            bool needed = node.Op.Updates.Length > 0 || node.Outputs.Any(o => o.Placement is not null || live.Contains(o.Base) || live.Contains(o));
            if (!needed)
                continue;
            foreach (Tensor input in node.Inputs)
            {
                live.Add(input);
                live.Add(input.Base);
            }
            kept.Add(node);
        }
        kept.Reverse();
        return kept;
    }

    // Runs an op before a move that enlarges its input, if it can and nothing else reads the moved tensor.
    private static List<Node> Reordered(List<Node> nodes, HashSet<Tensor> keep)
    {
        for (bool changed = true; changed;)
        {
            changed = false;
            Dictionary<Tensor, List<Node>> readers = Readers(nodes);
            for (int i = 0; i < nodes.Count && !changed; i++)
                changed = TryReorder(nodes, nodes[i], readers, keep);
            nodes = WithoutDead(nodes, keep);
        }
        return nodes;
    }

    private static bool TryReorder(List<Node> nodes, Node move, Dictionary<Tensor, List<Node>> readers, HashSet<Tensor> keep)
    {
        if (move.Outputs is not [Tensor moved] || moved.Placement is not null || keep.Contains(moved))
            return false;
        List<Node> readersOfMoved = readers.GetValueOrDefault(moved) ?? [];
        foreach (Node reader in readersOfMoved)
        {
            bool keepsShape = reader.Outputs is [Tensor result] && result.Shape == moved.Shape;
            if (reader.Phase != move.Phase || (keepsShape && readersOfMoved.Count > 1) || move.Op.InputsBefore(move, reader) is not Tensor[] inputs)
                continue;
            int index = nodes.IndexOf(reader);
            if (keepsShape)
                Exchange(nodes, index, move, inputs);
            else
                nodes[index] = new Node(reader.Id, reader.Op, inputs, [.. reader.Outputs], reader.Scope, reader.Phase);
            return true;
        }
        return false;
    }

    // The reader first, then the move. The tensor between them belongs to the plan; a tensor's Producer stays that of the graph.
    private static void Exchange(List<Node> nodes, int index, Node move, Tensor[] inputs)
    {
        Node reader = nodes[index];
        var smaller = new Tensor(-1, inputs[0].Type, $"{reader.Outputs[0].Name} before {move.Op.Name}");
        nodes[index] = new Node(move.Id, move.Op, [smaller, .. move.Inputs.Skip(1)], [.. reader.Outputs], move.Scope, move.Phase);
        nodes.Insert(index, new Node(reader.Id, reader.Op, inputs, [smaller], reader.Scope, reader.Phase));
    }

    // Replaces a producer and its only reader by one fused node at the reader's place in the order. Repeats until nothing fuses, so
    // that a GEMM takes its activation and then whatever the fused op can take next.
    private static List<Node> Fused(List<Node> nodes, HashSet<Tensor> keep)
    {
        for (bool changed = true; changed;)
        {
            changed = false;
            Dictionary<Tensor, List<Node>> readers = Readers(nodes);
            for (int i = 0; i < nodes.Count && !changed; i++)
                changed = TryFuse(nodes, i, readers, keep);
        }
        return nodes;
    }

    private static bool TryFuse(List<Node> nodes, int index, Dictionary<Tensor, List<Node>> readers, HashSet<Tensor> keep)
    {
        Node producer = nodes[index];
        if (producer.Outputs.Count == 0 || producer.Op.IsView)
            return false;
        Tensor between = producer.Outputs[0];
        if (between.Placement is not null || keep.Contains(between) || readers.GetValueOrDefault(between) is not [Node consumer])
            return false;
        int input = consumer.Inputs.ToList().IndexOf(between);
        if (consumer.Phase != producer.Phase || producer.Op.FuseWith(consumer.Op, input) is not Op fused)
            return false;
        Tensor[] inputs = [.. producer.Inputs, .. consumer.Inputs.Where((_, i) => i != input)];
        // The producer's other outputs (statistics kept for a gradient) follow the result.
        Tensor[] outputs = [.. consumer.Outputs, .. producer.Outputs.Skip(1)];
        nodes[nodes.IndexOf(consumer)] = new Node(consumer.Id, fused, inputs, outputs, producer.Scope, consumer.Phase);
        nodes.RemoveAt(index);
        return true;
    }

    private static Dictionary<Tensor, List<Node>> Readers(List<Node> nodes)
    {
        var readers = new Dictionary<Tensor, List<Node>>();
        foreach (Node node in nodes)
        {
            foreach (Tensor input in node.Inputs)
            {
                if (!readers.TryGetValue(input, out List<Node>? list))
                    readers[input] = list = [];
                list.Add(node);
            }
        }
        return readers;
    }
}
