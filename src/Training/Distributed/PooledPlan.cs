using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Distributed;

/// <summary>A rank's plan, which synchronises all ranks after each op that depends on the whole batch (<see cref="IPooled"/>).</summary>
internal sealed class PooledPlan
{
    private readonly ICollectives collectives;
    private readonly Plan plan;
    private readonly Meeting[] meetings;

    public PooledPlan(ICollectives collectives, Plan plan)
    {
        (this.collectives, this.plan) = (collectives, plan);
        meetings = [.. plan.Nodes.Select((node, i) => (node, i)).Where(n => n.node.Op is IPooled).Select(n => new Meeting(plan, n.i))];
    }

    /// <summary>Runs the nodes of the phases from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    /// <param name="first">A phase.</param>
    /// <param name="last">The same or a later one.</param>
    /// <param name="isEmpty">Whether this rank has no samples: it then only synchronises, and updates its running statistics as the others do.</param>
    public void Run(Phase first, Phase last, bool isEmpty)
    {
        int at = plan.FirstOf(first), end = plan.FirstOf(last + 1);
        foreach (Meeting meeting in meetings)
        {
            if (meeting.Index < at || meeting.Index >= end)
                continue;
            if (!isEmpty)
                plan.RunNodes(at, meeting.Index + 1);
            meeting.Hold(collectives, plan, isEmpty);
            foreach (int follower in isEmpty ? meeting.Followers : [])
                plan.RunNode(follower);
            at = meeting.Index + 1;
        }
        if (!isEmpty)
            plan.RunNodes(at, end);
    }

    private sealed class Meeting
    {
        private readonly Node node;
        private readonly double[] sums;
        private readonly double[][] outputs;

        public Meeting(Plan plan, int index)
        {
            (Index, node) = (index, plan.Nodes[index]);
            sums = new double[((IPooled)node.Op).SumLength(node)];
            outputs = [.. node.Outputs.Select(o => new double[o.Shape.Count])];
            Followers = [.. Enumerable.Range(0, plan.Nodes.Count).Where(i => plan.Nodes[i].Op is Ema && plan.Nodes[i].Inputs.Any(node.Outputs.Contains))];
        }

        public int Index { get; }

        /// <summary>The nodes that update running statistics with the results.</summary>
        public int[] Followers { get; }

        public void Hold(ICollectives collectives, Plan plan, bool isEmpty)
        {
            var op = (IPooled)node.Op;
            Array.Clear(sums);
            for (int i = 0; i < outputs.Length && !isEmpty; i++)
                plan.Read(node.Outputs[i], outputs[i]);
            if (!isEmpty)
                op.ToSums(node, outputs, sums);
            collectives.Sum(sums);
            op.FromSums(sums, outputs);
            for (int i = 0; i < outputs.Length; i++)
            {
                if (IsRead(plan, node.Outputs[i]))
                    plan.Write(node.Outputs[i], 0, outputs[i]);
            }
        }

        // An unused tensor has no memory of its own any more.
        private static bool IsRead(Plan plan, Tensor tensor) => plan.Nodes.Any(n => n.Inputs.Contains(tensor));
    }
}
