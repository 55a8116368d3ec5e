using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Optimizers;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Distributed;

/// <summary>
/// Sums the gradient over ranks in buckets. The backward pass finishes the last layers' gradients first, and their sum starts while it continues with the layers before
/// (Li et al., "PyTorch Distributed", 2020).
/// </summary>
/// <remarks>Buckets are the same on every rank, whatever its part of the batch: they depend only on the layout of the parameters, and start in the same order.</remarks>
internal sealed class GradientBuckets
{
    /// <summary>Smallest size of a bucket except the last, 1 MiB: the time of a smaller sum is mostly latency.</summary>
    public const int Floats = 1 << 18;

    private readonly ICollectives collectives;
    private readonly Model model;
    private readonly float[] values;
    private readonly (int Begin, int Length)[] buckets;
    private readonly List<IPendingSum> pending = [];
    private readonly Dictionary<Plan, Order> orders = [];

    public GradientBuckets(ICollectives collectives, Model model)
    {
        (this.collectives, this.model) = (collectives, model);
        int length = (int)model.Memory.Gradients.Length;
        values = GC.AllocateUninitializedArray<float>(length, pinned: true);
        buckets = [.. Divide(model.Memory.Layout, length, Floats)];
    }

    /// <summary>Ranges of the gradient from its end to its start, each starting at a parameter.</summary>
    public static IEnumerable<(int Begin, int Length)> Divide(ParameterLayout layout, int length, int atLeast)
    {
        int end = length;
        foreach (int begin in layout.Trained.Select(p => (int)layout.OffsetOf(p)).OrderDescending())
        {
            if (end - begin >= atLeast || (begin == 0 && end > 0))
            {
                yield return (begin, end - begin);
                end = begin;
            }
        }
    }

    /// <summary>Computes the gradient of this rank's part of a batch, and starts to sum its buckets, weighted by the part.</summary>
    public void Run(BoundGraph part, bool isEmpty)
    {
        Plan plan = part.Plan;
        if (!orders.TryGetValue(plan, out Order order))
            orders[plan] = order = OrderOf(plan);
        if (!isEmpty)
            plan.Run(Phase.Batch, Phase.Forward);
        double weight = isEmpty ? 0 : part.Weight;
        int at = plan.FirstOf(Phase.Backward), end = plan.FirstOf(Phase.Update);
        for (int bucket = 0; bucket < buckets.Length; bucket++)
        {
            for (; !isEmpty && at <= order.Ready[bucket]; at++)
                RunNode(plan, at, order);
            Begin(buckets[bucket], (float)weight);
        }
        for (; !isEmpty && at < end; at++)
            RunNode(plan, at, order);
    }

    /// <summary>Waits for the sums, and stores their mean as the step's gradient.</summary>
    /// <param name="weight">Weight of the whole batch.</param>
    public void Finish(double weight)
    {
        foreach (IPendingSum sum in pending)
            sum.Wait();
        pending.Clear();
        RankGroup.Scale(values, (float)(1 / weight));
        model.DeviceMemory.Write(model.Memory.Accumulated!, 0, values.AsSpan());
    }

    private void RunNode(Plan plan, int node, Order order)
    {
        if (node == order.Accumulation)
            return; // the step's only batch: the sums give the mean
        plan.RunNode(node);
        if (pending.Count > 0)
            pending[^1].IsDone();
    }

    private void Begin((int Begin, int Length) bucket, float weight)
    {
        Span<float> gradient = values.AsSpan(bucket.Begin, bucket.Length);
        if (weight > 0)
        {
            model.DeviceMemory.Read(model.Memory.Gradients, bucket.Begin, gradient);
            RankGroup.Scale(gradient, weight);
        }
        else
            gradient.Clear();
        pending.Add(collectives.BeginSum(values, bucket.Begin, bucket.Length));
    }

    private Order OrderOf(Plan plan)
    {
        int accumulation = -1;
        for (int i = 0; i < plan.Nodes.Count; i++)
        {
            if (plan.Nodes[i].Op is AccumulateMean)
                accumulation = i;
        }
        return new Order(LastWriters(plan, model.Memory.Gradients, buckets), accumulation);
    }

    /// <summary>For each bucket, the node of a plan after which its gradient is complete.</summary>
    public static int[] LastWriters(Plan plan, Slot gradients, (int Begin, int Length)[] buckets)
    {
        var last = new int[buckets.Length];
        Array.Fill(last, plan.FirstOf(Phase.Backward) - 1);
        for (int i = 0; i < plan.Nodes.Count; i++)
        {
            foreach (Tensor output in plan.Nodes[i].Outputs)
            {
                if (output.Base.Placement is not { } place || place.Slot != gradients)
                    continue;
                int bucket = Array.FindIndex(buckets, b => place.Offset >= b.Begin && place.Offset < b.Begin + b.Length);
                last[bucket] = Math.Max(last[bucket], i);
            }
        }
        return last;
    }

    /// <param name="Ready">The node after which each bucket's gradient is complete.</param>
    /// <param name="Accumulation">The node that is left out.</param>
    private readonly record struct Order(int[] Ready, int Accumulation);
}
