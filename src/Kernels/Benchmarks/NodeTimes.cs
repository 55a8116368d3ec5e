using System.Diagnostics;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;

namespace GpuGrad.Kernels.Benchmarks;

/// <summary>Time of all ops of one kind in a layer, with their cost.</summary>
/// <param name="Layer">Path of the layer; empty outside the network.</param>
/// <param name="Op">Name of the op.</param>
/// <param name="Phase">Part of the step.</param>
/// <param name="Cost">Operations, and memory that has to move.</param>
/// <param name="Milliseconds">The fastest pass: rows are for comparing ops with each other and with the roofline, not for the time of a step.</param>
/// <param name="RooflineShare">The least time that the cost allows, divided by the time taken.</param>
public sealed record NodeTime(string Layer, string Op, Phase Phase, Cost Cost, double Milliseconds, double RooflineShare);

/// <summary>Times each node of a plan.</summary>
public static class NodeTimes
{
    private const int FewestPasses = 4;

    /// <summary>Runs the plan node by node for about <paramref name="seconds"/>; slowest first.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="peak">The peak of the device, for comparison.</param>
    /// <param name="seconds">Time to spend.</param>
    /// <param name="prepare">Called before each pass.</param>
    public static IReadOnlyList<NodeTime> Of(Plan plan, DevicePeak peak, double seconds, Action? prepare = null)
    {
        IReadOnlyList<Timing> times = Each(plan, seconds, prepare);
        return [.. plan.Nodes.Select((node, i) => (Node: node, times[i].Min))
            .Where(n => !n.Node.Op.IsView)
            .GroupBy(n => (n.Node.Scope, n.Node.Op.Name, n.Node.Phase))
            .Select(g => Row(g.Key.Scope, g.Key.Name, g.Key.Phase, [.. g.Select(n => n.Node)], g.Sum(n => n.Min), peak))
            .OrderByDescending(r => r.Milliseconds)];
    }

    /// <summary>Times of each node, in the plan's order, from running it node by node for about this many seconds.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="seconds">Time to spend.</param>
    /// <param name="prepare">Called before each pass.</param>
    public static IReadOnlyList<Timing> Each(Plan plan, double seconds, Action? prepare = null)
    {
        List<double>[] samples = [.. plan.Nodes.Select(_ => new List<double>())];
        var clock = Stopwatch.StartNew();
        for (int pass = 0; pass < FewestPasses || clock.Elapsed.TotalSeconds < seconds; pass++)
        {
            prepare?.Invoke();
            for (int i = 0; i < samples.Length; i++)
            {
                long begin = Stopwatch.GetTimestamp();
                plan.RunNode(i);
                plan.Synchronize();
                samples[i].Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            }
        }
        // The first pass warms up.
        return [.. samples.Select(s => new Timing(s.Skip(1)))];
    }

    private static NodeTime Row(string scope, string name, Phase phase, Node[] nodes, double milliseconds, DevicePeak peak)
    {
        Cost cost = nodes.Aggregate(new Cost(0, 0), (sum, n) => sum + n.Cost);
        // An empty op may take less than the clock's resolution.
        double share = milliseconds > 0 ? nodes.Sum(n => peak.Floor(n.Cost)) * 1000 / milliseconds : 0;
        return new NodeTime(scope, name, phase, cost, milliseconds, share);
    }
}
