using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Plans;

/// <summary>A tensor's memory: a buffer and an offset in bytes.</summary>
internal readonly record struct Location(DeviceBuffer Buffer, long Offset);

/// <summary>
/// Which nodes run, in which order, and where each tensor is placed. Temporaries share one arena: two whose lifetimes do not
/// overlap may have the same address.
/// </summary>
public sealed class PlanLayout
{
    private readonly Dictionary<Tensor, long> arenaOffsets = [];
    private readonly List<Tensor> temporaries = [];
    private readonly Dictionary<Tensor, DeviceBuffer> guarded = [];

    private PlanLayout(Graph graph, DeviceMemory memory, PlanOptions options)
    {
        Graph = graph;
        Memory = memory;
        Options = options;
        Nodes = Schedule.Of(graph, options with { Fuse = options.Fuse && memory.Device.Fuses });
        for (int i = 1; i < Nodes.Count; i++)
        {
            if (Nodes[i].Phase < Nodes[i - 1].Phase)
                throw new InvalidOperationException($"{Nodes[i]} belongs to {Nodes[i].Phase} but comes after {Nodes[i - 1].Phase}.");
        }
        PlaceTemporaries();
    }

    public Graph Graph { get; }

    public DeviceMemory Memory { get; }

    public PlanOptions Options { get; }

    public IReadOnlyList<Node> Nodes { get; }

    /// <summary>Bytes of the arena.</summary>
    public long ArenaBytes { get; private set; }

    /// <summary>Bytes that the temporaries would take if none shared memory.</summary>
    public long UnsharedBytes { get; private set; }

    internal IReadOnlyList<Tensor> Temporaries => temporaries;

    public static PlanLayout Of(Graph graph, DeviceMemory memory, PlanOptions? options = null) => new(graph, memory, options ?? new PlanOptions());

    /// <exception cref="TooLargeException">A tensor has more elements than 32 bits can count, so no device runs the plan.</exception>
    public void RequireCountable()
    {
        foreach (Node node in Nodes)
        {
            foreach (Tensor tensor in node.Inputs.Concat(node.Outputs))
                _ = tensor.Shape.Count;
        }
    }

    internal long ArenaOffset(Tensor tensor) => arenaOffsets[tensor];

    internal long BytesOf(Tensor tensor) => checked(tensor.Shape.Length * Memory.Device.SizeOf(tensor.Type.Element));

    /// <summary>Location of a tensor in the arena.</summary>
    internal Location Locate(Tensor tensor)
    {
        Tensor owner = tensor.Base;
        if (owner.Placement is Placement place)
            return new Location(Memory[place.Slot], place.Offset * Memory.Device.SizeOf(owner.Type.Element));
        if (!arenaOffsets.TryGetValue(owner, out long offset))
            throw new InvalidOperationException($"'{tensor.Name}' is not part of this plan: no node that runs writes it. Name it in PlanOptions.Keep.");
        return IsGuarded ? new Location(Guarded(owner), 0) : new Location(Memory.Arena(ArenaBytes), offset);
    }

    /// <summary>Whether each temporary has its own buffer instead of a part of the arena: in guard mode.</summary>
    internal bool IsGuarded => Memory.Device.Guard != GuardSide.None;

    internal void ReleaseGuarded()
    {
        foreach (DeviceBuffer buffer in guarded.Values)
            Memory.Release(buffer);
        guarded.Clear();
    }

    private DeviceBuffer Guarded(Tensor owner)
    {
        if (!guarded.TryGetValue(owner, out DeviceBuffer? buffer))
        {
            guarded[owner] = buffer = Memory.Allocate(owner.Name, BytesOf(owner));
            buffer.Fill(Guards.Poison);
        }
        return buffer;
    }

    // Largest first, each at the lowest address that no tensor alive at the same time overlaps: within a few per cent of
    // the lower bound on the nets measured, and simple.
    private void PlaceTemporaries()
    {
        Dictionary<Tensor, (int First, int Last)> lifetimes = Lifetimes();
        temporaries.AddRange(lifetimes.Keys.OrderByDescending(BytesOf).ThenBy(t => t.Id));
        var placed = new List<(long Begin, long End, int First, int Last)>();
        foreach (Tensor tensor in temporaries)
        {
            (int first, int last) = lifetimes[tensor];
            long bytes = Align(BytesOf(tensor) + Options.GuardBytes);
            UnsharedBytes += bytes;
            long offset = 0;
            foreach ((long begin, long end, int f, int l) in placed.Where(p => p.First <= last && first <= p.Last).OrderBy(p => p.Begin))
            {
                if (offset + bytes <= begin)
                    break;
                offset = Math.Max(offset, end);
            }
            placed.Add((offset, offset + bytes, first, last));
            arenaOffsets[tensor] = offset;
            ArenaBytes = Math.Max(ArenaBytes, offset + bytes);
        }
    }

    private Dictionary<Tensor, (int First, int Last)> Lifetimes()
    {
        var keep = Options.Keep.Select(t => t.Base).ToHashSet();
        var lifetimes = new Dictionary<Tensor, (int First, int Last)>();
        for (int i = 0; i < Nodes.Count; i++)
        {
            foreach (Tensor tensor in Nodes[i].Inputs.Concat(Nodes[i].Outputs).Select(t => t.Base))
            {
                if (tensor.Placement is null)
                    lifetimes[tensor] = (lifetimes.TryGetValue(tensor, out (int First, int Last) life) ? life.First : i, i);
            }
        }
        foreach (Tensor tensor in lifetimes.Keys.ToList())
        {
            if (!Options.Reuse || keep.Contains(tensor))
                lifetimes[tensor] = (0, int.MaxValue);
        }
        return lifetimes;
    }

    private long Align(long bytes)
    {
        long unit = Memory.Device.Alignment;
        return checked((bytes + unit - 1) / unit * unit);
    }
}
