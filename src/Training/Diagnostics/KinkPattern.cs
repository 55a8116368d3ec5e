using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Ops.Pooling;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Diagnostics.Circuits;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Diagnostics;

/// <summary>
/// Identifies the smooth piece of a network's loss: on which side of its kinks each activation is, which pixel of each window is
/// the maximum, which margins are violated. Between two points with the same pattern the loss has no kink.
/// </summary>
internal sealed class KinkPattern
{
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    private readonly List<(int Node, Func<ulong, ulong> Mix)> readers = [];
    private readonly Plan plan;

    /// <param name="network">The network.</param>
    /// <param name="graph">Its training graph.</param>
    /// <param name="plan">A plan of the graph without fusion and reuse of memory.</param>
    public KinkPattern(Network network, ModelGraph graph, Plan plan)
    {
        this.plan = plan;
        foreach (ActivationLayer layer in network.AllLayers.OfType<ActivationLayer>())
        {
            double[] jumps = [.. Pieces.JumpsOf(layer.Function, layer.Parameter)];
            if (jumps.Length > 0)
                Add(graph.Activations[layer.Path].Producer!, node => Sides(node.Inputs[0], jumps));
        }
        foreach (Node node in plan.Nodes.Where(n => n.Phase == Phase.Forward))
        {
            switch (node.Op)
            {
                case PRelu:
                    Add(node, n => Sides(n.Inputs[0], [0]));
                    break;
                case MaxPool2D:
                    Add(node, n => Places(n.Outputs[1]));
                    break;
                case Hinge { Squared: false } hinge:
                    Add(node, n => Margins(n, hinge.Margin));
                    break;
                case MeanAbsoluteError:
                    Add(node, n => Signs(n.Inputs[0], n.Inputs[1]));
                    break;
                case L1Penalty:
                    Add(node, n => Sides(n.Inputs[0], [0]));
                    break;
            }
        }
    }

    /// <summary>Whether the network has kinks at all.</summary>
    public bool Any => readers.Count > 0;

    /// <summary>A hash that differs between pieces, from the values last computed by the plan, starting at a node.</summary>
    public ulong After(int node)
    {
        ulong hash = Offset;
        foreach ((int index, Func<ulong, ulong> mix) in readers)
        {
            if (index >= node)
                hash = mix(hash);
        }
        return hash;
    }

    private void Add(Node node, Func<Node, Func<ulong, ulong>> reader) => readers.Add((plan.Nodes.ToList().FindIndex(n => n.Id == node.Id), reader(node)));

    private Func<ulong, ulong> Sides(Tensor tensor, double[] jumps)
    {
        var values = new double[tensor.Shape.Count];
        return hash =>
        {
            plan.Read(tensor, values.AsSpan());
            foreach (double value in values)
            {
                uint piece = 0;
                foreach (double jump in jumps)
                    piece += value > jump ? 2u : value == jump ? 1u : 0;
                hash = (hash ^ piece) * Prime;
            }
            return hash;
        };
    }

    private Func<ulong, ulong> Places(Tensor tensor)
    {
        if (tensor.Type.Element == ElementType.Byte)
        {
            var bytes = new byte[tensor.Shape.Count];
            return hash =>
            {
                plan.Read(tensor, bytes.AsSpan());
                foreach (byte place in bytes)
                    hash = (hash ^ place) * Prime;
                return hash;
            };
        }
        var ints = new int[tensor.Shape.Count];
        return hash =>
        {
            plan.Read(tensor, ints);
            foreach (int place in ints)
                hash = (hash ^ (uint)place) * Prime;
            return hash;
        };
    }

    private Func<ulong, ulong> Margins(Node node, double margin)
    {
        (int n, int k) = (node.Inputs[0].Shape[0], node.Inputs[0].Shape[1]);
        var scores = new double[n * k];
        var labels = new int[n];
        return hash =>
        {
            plan.Read(node.Inputs[0], scores.AsSpan());
            plan.Read(node.Inputs[1], labels);
            for (int i = 0; i < scores.Length; i++)
                hash = (hash ^ (scores[i] - scores[(i / k * k) + labels[i / k]] + margin > 0 ? 1u : 0)) * Prime;
            return hash;
        };
    }

    private Func<ulong, ulong> Signs(Tensor x, Tensor targets)
    {
        double[] values = new double[x.Shape.Count], wanted = new double[x.Shape.Count];
        return hash =>
        {
            plan.Read(x, values.AsSpan());
            plan.Read(targets, wanted.AsSpan());
            for (int i = 0; i < values.Length; i++)
                hash = (hash ^ (uint)(Math.Sign(values[i] - wanted[i]) + 1)) * Prime;
            return hash;
        };
    }
}
