using System.Runtime.InteropServices;
using GpuGrad.Kernels.Devices.Ilgpu.Loading;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// What an op sees when it is bound to an accelerator: views of its operands, and a list of launches to add to. Launches
/// run in the order they are added, each after the one before has finished.
/// </summary>
public sealed class KernelBinding : Operands
{
    private readonly IlgpuDevice device;
    private readonly List<Action> launches;
    private readonly KernelScratch scratch;

    internal KernelBinding(Node node, PlanLayout layout, IlgpuDevice device, List<Action> launches, KernelScratch scratch) : base(node, layout)
    {
        this.device = device;
        this.launches = launches;
        this.scratch = scratch;
    }

    /// <summary>Loads and launches kernels; a kernel requested twice is compiled once.</summary>
    internal KernelLoader Loader => device.Loader;

    /// <summary>Number of multiprocessors (compute units).</summary>
    internal int Multiprocessors => device.Accelerator.NumMultiprocessors;

    internal Accelerator Accelerator => device.Accelerator;

    internal IlgpuDevice Device => device;

    public ArrayView<float> In(int index) => View<float>(Input(index, ElementType.Real), InShape(index));

    public ArrayView<int> InInt(int index) => View<int>(Input(index, ElementType.Int32), InShape(index));

    public ArrayView<byte> InByte(int index) => View<byte>(Input(index, ElementType.Byte), InShape(index));

    public ArrayView<float> Out(int index = 0) => View<float>(Output(index, ElementType.Real), OutShape(index));

    public ArrayView<int> OutInt(int index = 0) => View<int>(Output(index, ElementType.Int32), OutShape(index));

    public ArrayView<byte> OutByte(int index = 0) => View<byte>(Output(index, ElementType.Byte), OutShape(index));

    /// <summary>Whether an input is aligned to 16 bytes, so that four floats can be loaded at once; a tensor placed in a slot need not be.</summary>
    public bool IsAligned(int index) => Input(index, ElementType.Real).Offset % 16 == 0;

    /// <summary>Whether an output is aligned to 16 bytes, so that four floats can be stored at once.</summary>
    public bool IsOutAligned(int index = 0) => Output(index, ElementType.Real).Offset % 16 == 0;

    /// <summary>An input that the op changes in place; it must be listed in <see cref="Op.Updates"/>.</summary>
    public ArrayView<float> Updated(int index)
    {
        RequireUpdate(index);
        return In(index);
    }

    /// <summary>An input of integers that the op changes in place; it must be listed in <see cref="Op.Updates"/>.</summary>
    public ArrayView<int> UpdatedInt(int index)
    {
        RequireUpdate(index);
        return InInt(index);
    }

    /// <summary>Scratch memory for the launches of this node; its content is undefined when the node begins.</summary>
    public KernelScratchRegion Scratch(long floats) => scratch.Take(floats);

    /// <summary>Lets later launches reuse the scratch memory that <paramref name="add"/> takes.</summary>
    internal void Borrowing(Action add)
    {
        long used = scratch.Used;
        add();
        scratch.Used = used;
    }

    /// <summary>Copies a table of constants to the device, for the lifetime of the plan.</summary>
    internal ArrayView<T> Table<T>(ReadOnlySpan<T> values) where T : unmanaged => scratch.Table(values);

    /// <summary>Adds a launch. The delegate is called at every step and must not allocate.</summary>
    public void Launch(Action launch) => launches.Add(launch);

    private static ArrayView<T> View<T>(Location at, Shape shape) where T : unmanaged => ((IlgpuBuffer)at.Buffer).View<T>(at.Offset, shape.Length);
}

/// <summary>Scratch memory of a plan. Nodes run one after the other, so all use the same bytes; tables have their own.</summary>
internal sealed class KernelScratch(DeviceMemory memory) : IDisposable
{
    private const int Alignment = 64; // floats in 256 bytes

    private readonly List<KernelScratchRegion> regions = [];
    private readonly List<IlgpuBuffer> tables = [];
    private readonly List<(int Node, IlgpuBuffer Buffer)> guarded = [];
    private IlgpuBuffer? buffer;
    private int node;
    private long needed;

    /// <summary>Floats taken by the current node's regions.</summary>
    public long Used { get; set; }

    public void BeginNode(int index) => (node, Used) = (index, 0);

    public KernelScratchRegion Take(long floats)
    {
        var region = new KernelScratchRegion { Offset = Used, Length = floats };
        if (memory.Device.Guard != GuardSide.None)
        {
            guarded.Add((node, (IlgpuBuffer)memory.Allocate("scratch", floats * sizeof(float))));
            region.View = guarded[^1].Buffer.View<float>(0, floats);
            return region;
        }
        regions.Add(region);
        Used = checked((Used + floats + Alignment - 1) / Alignment * Alignment);
        needed = Math.Max(needed, Used);
        return region;
    }

    public ArrayView<T> Table<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        var table = (IlgpuBuffer)memory.Allocate("table", bytes.Length);
        tables.Add(table);
        table.Write(0, bytes);
        return table.View<T>(0, values.Length);
    }

    /// <summary>Allocates once all nodes are bound.</summary>
    public void Commit()
    {
        if (needed == 0)
            return;
        buffer = (IlgpuBuffer)memory.Allocate("scratch", needed * sizeof(float));
        foreach (KernelScratchRegion region in regions)
            region.View = buffer.View<float>(region.Offset * sizeof(float), region.Length);
    }

    public void Poison(int index)
    {
        foreach ((int of, IlgpuBuffer own) in guarded)
        {
            if (of == index)
                own.Fill(Guards.Poison);
        }
    }

    public void Dispose()
    {
        foreach ((_, IlgpuBuffer own) in guarded)
            memory.Release(own);
        if (buffer is not null)
            memory.Release(buffer);
        foreach (IlgpuBuffer table in tables)
            memory.Release(table);
    }
}

/// <summary>A region of scratch memory. Its address is known once the whole plan is bound, so read it inside a launch.</summary>
public sealed class KernelScratchRegion
{
    public ArrayView<float> View { get; internal set; }

    internal long Offset { get; init; }

    internal long Length { get; init; }
}
