using System.Runtime.InteropServices;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Plans;

/// <summary>
/// A graph bound to one device: a list of ops over addresses. <see cref="Run()"/> is a training step; it allocates nothing.
/// Tools walk <see cref="Nodes"/> and run them one by one.
/// </summary>
public sealed class Plan : IDisposable
{
    private readonly Executor executor;

    public Plan(PlanLayout layout)
    {
        Layout = layout;
        if (!layout.IsGuarded)
            layout.Memory.Arena(layout.ArenaBytes);
        executor = layout.Memory.Device.Bind(layout);
        if (layout.Options.GuardBytes > 0)
            Poison();
    }

    public PlanLayout Layout { get; }

    /// <summary>Called in guard mode with every node before it runs, to tell what a process was running when it died.</summary>
    internal static Action<Node>? Entering { get; set; }

    public Device Device => Layout.Memory.Device;

    /// <summary>The nodes that run, in order.</summary>
    public IReadOnlyList<Node> Nodes => Layout.Nodes;

    /// <summary>Kernel launches of <see cref="Run()"/>; 0 on a device without kernels.</summary>
    public int Launches => executor.Launches;

    public static Plan Of(Graph graph, DeviceMemory memory, PlanOptions? options = null) => new(PlanLayout.Of(graph, memory, options));

    /// <summary>Runs all nodes once.</summary>
    public void Run() => Run(0, Nodes.Count);

    /// <summary>Runs the nodes of the phases from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    public void Run(Phase first, Phase last) => Run(FirstOf(first), FirstOf(last + 1));

    /// <summary>Runs the nodes from <paramref name="first"/> to <paramref name="last"/> (exclusive), for callers that have something to do between two of them.</summary>
    public void RunNodes(int first, int last) => Run(first, last);

    /// <summary>Runs one node.</summary>
    public void RunNode(int index) => Run(index, index + 1);

    /// <summary>Index of the first node of a phase, or of a later one.</summary>
    public int FirstOf(Phase phase)
    {
        int index = 0;
        while (index < Nodes.Count && Nodes[index].Phase < phase)
            index++;
        return index;
    }

    /// <summary>Waits until all started work has finished.</summary>
    public void Synchronize() => executor.Synchronize();

    /// <summary>The values of a tensor of reals.</summary>
    public double[] Read(Tensor tensor)
    {
        var values = new double[tensor.Shape.Count];
        Read(tensor, values.AsSpan());
        return values;
    }

    /// <summary>Copies the values of a tensor of reals.</summary>
    public void Read(Tensor tensor, Span<double> values)
    {
        Location at = Locate(tensor, ElementType.Real, values.Length);
        RealIO.Read(at.Buffer, at.Offset / Device.RealSize, values, Device.RealSize);
    }

    /// <summary>Copies some values of a tensor of reals, starting at element <paramref name="first"/>.</summary>
    public void Read(Tensor tensor, long first, Span<double> values)
    {
        Location at = Locate(tensor, ElementType.Real, tensor.Shape.Length);
        if (first < 0 || first + values.Length > tensor.Shape.Length)
            throw new ArgumentOutOfRangeException(nameof(first), $"'{tensor.Name}' {tensor.Shape} has no elements {first} to {first + values.Length - 1}.");
        RealIO.Read(at.Buffer, (at.Offset / Device.RealSize) + first, values, Device.RealSize);
    }

    /// <summary>Sets reals of a tensor, starting at element <paramref name="first"/>, for tools that run a part of a plan with other values.</summary>
    public void Write(Tensor tensor, long first, ReadOnlySpan<double> values)
    {
        Location at = Locate(tensor, ElementType.Real, tensor.Shape.Length);
        if (first < 0 || first + values.Length > tensor.Shape.Length)
            throw new ArgumentOutOfRangeException(nameof(first), $"'{tensor.Name}' {tensor.Shape} has no elements {first} to {first + values.Length - 1}.");
        RealIO.Write(at.Buffer, (at.Offset / Device.RealSize) + first, values, Device.RealSize);
    }

    /// <summary>Copies the values of a tensor of reals.</summary>
    public void Read(Tensor tensor, Span<float> values)
    {
        Location at = Locate(tensor, ElementType.Real, values.Length);
        RealIO.Read(at.Buffer, at.Offset / Device.RealSize, values, Device.RealSize);
    }

    /// <summary>Copies the values of a tensor of integers.</summary>
    public void Read(Tensor tensor, Span<int> values)
    {
        Location at = Locate(tensor, ElementType.Int32, values.Length);
        at.Buffer.Read(at.Offset, MemoryMarshal.AsBytes(values));
    }

    /// <summary>Copies the values of a tensor of bytes.</summary>
    public void Read(Tensor tensor, Span<byte> values)
    {
        Location at = Locate(tensor, ElementType.Byte, values.Length);
        at.Buffer.Read(at.Offset, values);
    }

    /// <summary>Fills the arena with NaN and the guards with their pattern, so that a read of uninitialised memory shows.</summary>
    public void Poison()
    {
        if (Layout.IsGuarded)
        {
            foreach (Tensor tensor in Layout.Temporaries)
                Layout.Locate(tensor).Buffer.Fill(Guards.Poison);
            return;
        }
        DeviceBuffer arena = Layout.Memory.Arena(Layout.ArenaBytes);
        arena.Fill(Guards.Poison);
        byte[] guard = Enumerable.Repeat(Guards.Pattern, Layout.Options.GuardBytes).ToArray();
        if (guard.Length == 0)
            return;
        foreach (Tensor tensor in Layout.Temporaries)
            arena.Write(Layout.ArenaOffset(tensor) + Layout.BytesOf(tensor), guard);
    }

    /// <summary>The temporaries past whose end something was written since <see cref="Poison"/>; needs <see cref="PlanOptions.Reuse"/> off.</summary>
    public IReadOnlyList<Tensor> BrokenGuards()
    {
        if (Layout.IsGuarded)
            return [.. Layout.Temporaries.Where(t => Layout.Locate(t).Buffer.Damage() is not null)];
        DeviceBuffer arena = Layout.Memory.Arena(Layout.ArenaBytes);
        var guard = new byte[Layout.Options.GuardBytes];
        var broken = new List<Tensor>();
        foreach (Tensor tensor in Layout.Temporaries)
        {
            arena.Read(Layout.ArenaOffset(tensor) + Layout.BytesOf(tensor), guard);
            if (guard.AsSpan().ContainsAnyExcept(Guards.Pattern))
                broken.Add(tensor);
        }
        return broken;
    }

    public void Dispose()
    {
        executor.Dispose();
        Layout.ReleaseGuarded();
    }

    private void Run(int first, int last)
    {
        if (!Layout.IsGuarded)
            executor.Run(first, last);
        else
        {
            for (int i = first; i < last; i++)
                RunGuarded(i);
        }
    }

    private void RunGuarded(int index)
    {
        Node node = Nodes[index];
        if (node.Op.IsView)
            return;
        Entering?.Invoke(node);
        foreach (Tensor output in node.Outputs.Where(o => o.Base == o && o.Placement is null))
            Layout.Locate(output).Buffer.Fill(Guards.Poison);
        executor.PoisonScratch(index);
        executor.Run(index, index + 1);
        executor.Synchronize();
        if (Layout.Memory.Damage() is string damage)
            throw new GpuGradException(Fault.Internal, $"{node}: {damage}");
    }

    private Location Locate(Tensor tensor, ElementType element, long count)
    {
        if (tensor.Type.Element != element || tensor.Shape.Length != count)
            throw new ArgumentException($"'{tensor.Name}' is {tensor.Type}; asked for {count} {element}.");
        executor.Synchronize();
        return Layout.Locate(tensor);
    }
}
