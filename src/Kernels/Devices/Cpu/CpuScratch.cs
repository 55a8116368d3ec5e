using GpuGrad.Kernels.Devices.Host;

namespace GpuGrad.Kernels.Devices.Cpu;

/// <summary>
/// Scratch memory of a plan: nodes run one after the other, so all of them use the same bytes. In guard mode each region has its own.
/// </summary>
internal sealed unsafe class CpuScratch(DeviceMemory memory) : IDisposable
{
    private const int Alignment = 16; // floats in 64 bytes

    private readonly List<ScratchRegion> regions = [];
    private readonly List<HostBuffer> owned = [];
    private readonly List<(int Node, HostBuffer Buffer)> guarded = [];
    private HostBuffer? buffer;
    private int node;
    private long used;
    private long needed;

    public void BeginNode(int index) => (node, used) = (index, 0);

    public ScratchRegion Take(long floats)
    {
        if (memory.Device.Guard != GuardSide.None)
        {
            guarded.Add((node, (HostBuffer)memory.Allocate("scratch", checked(floats * sizeof(float)))));
            return new ScratchRegion { Pointer = (float*)guarded[^1].Buffer.At(0) };
        }
        var region = new ScratchRegion { Offset = used };
        regions.Add(region);
        used = checked((used + floats + Alignment - 1) / Alignment * Alignment);
        needed = Math.Max(needed, used);
        return region;
    }

    /// <summary>Allocates once all nodes are bound.</summary>
    public void Commit()
    {
        if (needed == 0)
            return;
        buffer = (HostBuffer)memory.Allocate("scratch", needed * sizeof(float));
        foreach (ScratchRegion region in regions)
            region.Pointer = (float*)buffer.At(region.Offset * sizeof(float));
    }

    /// <summary>Memory that no other node uses.</summary>
    public byte* Own(string name, long bytes)
    {
        owned.Add((HostBuffer)memory.Allocate(name, bytes));
        return owned[^1].At(0);
    }

    /// <summary>In guard mode, fills the regions of a node with NaN.</summary>
    public void Poison(int index)
    {
        foreach ((int of, HostBuffer region) in guarded)
        {
            if (of == index)
                region.Fill(Guards.Poison);
        }
    }

    public void Dispose()
    {
        foreach (HostBuffer one in owned.Concat(guarded.Select(g => g.Buffer)))
            memory.Release(one);
        if (buffer is not null)
            memory.Release(buffer);
    }
}

/// <summary>A piece of scratch memory; its address is known once the whole plan is bound, so read it inside a phase.</summary>
public sealed unsafe class ScratchRegion
{
    public float* Pointer { get; internal set; }

    internal long Offset { get; init; }
}

/// <summary>A piece of scratch memory for each worker.</summary>
public sealed unsafe class WorkerScratch
{
    private readonly ScratchRegion[] parts;

    internal WorkerScratch(ScratchRegion[] parts) => this.parts = parts;

    /// <summary>The piece of a worker, 64-byte aligned; read inside a phase.</summary>
    public float* Of(int worker) => parts[worker].Pointer;
}
