using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Devices;

/// <summary>Runs plans. A plan, its memory and its device go together; none may be shared between threads.</summary>
public abstract class Device : IDisposable
{
    /// <summary>The value of <c>--device</c>: <c>cpu</c>, <c>reference</c>, <c>cuda:0</c>, <c>opencl:1</c>, <c>emulated</c>.</summary>
    public abstract string Id { get; }

    /// <summary>Description of the device: the processor's or board's name and its capabilities.</summary>
    public abstract string Name { get; }

    /// <summary>Bytes per real number: 8 on the reference device, 4 elsewhere.</summary>
    public virtual int RealSize => sizeof(float);

    /// <summary>Every tensor starts at a multiple of this many bytes.</summary>
    public virtual int Alignment => 64;

    /// <summary>Whether the host continues while a plan still runs. Reading a result then waits, so it is not done at every step.</summary>
    public virtual bool RunsAhead => false;

    /// <summary>Describes the kernels that had to be compiled since the device was opened, as they were not in the cache; null for none.</summary>
    public virtual string? KernelNote => null;

    /// <summary>Whether a step is a list of kernel launches.</summary>
    public virtual bool RunsKernels => false;

    /// <summary>Whether its plans fuse neighbouring ops; the reference runs each by itself, so that an oracle is one formula.</summary>
    public virtual bool Fuses => true;

    /// <summary>Whether its buffers are in the host's memory.</summary>
    public virtual bool UsesHostMemory => true;

    /// <summary>Guard mode of its buffers; by default that of <c>GPUGRAD_GUARD</c>.</summary>
    public GuardSide Guard { get; internal set; } = Guards.Wanted;

    public int SizeOf(ElementType element) => element switch
    {
        ElementType.Real => RealSize,
        ElementType.Int32 => sizeof(int),
        _ => sizeof(byte),
    };

    /// <summary>Allocates zeroed memory.</summary>
    /// <exception cref="OutOfDeviceMemoryException">There is not that much memory; nothing was allocated.</exception>
    public abstract DeviceBuffer Allocate(string name, long bytes);

    /// <summary>Throws if the device cannot hold that much; allocates nothing. A device that cannot tell never throws.</summary>
    /// <exception cref="OutOfDeviceMemoryException">There is not that much memory.</exception>
    public virtual void Require(string what, long bytes)
    {
        if (UsesHostMemory)
            HostMemory.Require(what, bytes);
    }

    /// <summary>Binds each node of a plan to this device and returns what runs them.</summary>
    internal abstract Executor Bind(PlanLayout layout);

    public abstract void Dispose();
}

/// <summary>Memory of a device. Offsets and lengths are in bytes; a tensor's elements are packed.</summary>
public abstract class DeviceBuffer(string name, long bytes) : IDisposable
{
    public string Name { get; } = name;

    public long Bytes { get; } = bytes;

    /// <summary>Copies from the host; returns once the source may be changed again.</summary>
    public abstract void Write(long offset, ReadOnlySpan<byte> source);

    /// <summary>Like <see cref="Write"/>, but does not wait for work enqueued before: for the few numbers of a step.</summary>
    public virtual void Post(long offset, ReadOnlySpan<byte> source) => Write(offset, source);

    /// <summary>Waits for enqueued work, then copies to the host.</summary>
    public abstract void Read(long offset, Span<byte> destination);

    /// <summary>Sets every byte.</summary>
    public abstract void Fill(byte value);

    /// <summary>Describes a write outside the buffer; null if there was none, or if guards are off.</summary>
    public virtual string? Damage() => null;

    public abstract void Dispose();
}

/// <summary>A plan's nodes, bound to a device.</summary>
internal abstract class Executor : IDisposable
{
    /// <summary>Runs nodes <paramref name="first"/> to <paramref name="last"/> (exclusive), in order.</summary>
    public abstract void Run(int first, int last);

    /// <summary>Kernel launches of a whole run; 0 on a device without kernels.</summary>
    public virtual int Launches => 0;

    /// <summary>Fills the scratch memory of a node with NaN, if each node has its own (<see cref="GuardSide"/>).</summary>
    public virtual void PoisonScratch(int node)
    {
    }

    /// <summary>Waits until all enqueued work has finished.</summary>
    public virtual void Synchronize()
    {
    }

    public virtual void Dispose()
    {
    }
}
