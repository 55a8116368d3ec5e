using System.Runtime.InteropServices;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Devices;

/// <summary>
/// The memory of a training run on one device: a buffer per slot, and one arena that its plans share in turn.
/// </summary>
public sealed class DeviceMemory(Device device) : IDisposable
{
    private readonly Dictionary<Slot, DeviceBuffer> buffers = [];
    private readonly HashSet<DeviceBuffer> guarded = [];
    private readonly HashSet<DeviceBuffer> borrowed = [];
    private DeviceBuffer? arena;

    public Device Device { get; } = device;

    /// <summary>Called before every allocation; a test throws from it to see what then happens.</summary>
    internal static Action<Device, string, long>? Allocating { get; set; }

    /// <summary>Everything allocated, largest first.</summary>
    public IReadOnlyList<DeviceBuffer> Buffers =>
        [.. buffers.Values.Concat(arena is null ? [] : [arena]).OrderByDescending(b => b.Bytes)];

    /// <summary>Bytes of the arena; 0 if there is none yet.</summary>
    public long ArenaBytes => arena?.Bytes ?? 0;

    /// <summary>
    /// The arena for temporaries, shared in turn by the plans that are bound to it. The first request must be the largest,
    /// because bound plans hold its addresses.
    /// </summary>
    public DeviceBuffer Arena(long bytes)
    {
        if (arena is not null && arena.Bytes < bytes)
            throw new InvalidOperationException($"The arena has {arena.Bytes} bytes; a plan asks for {bytes}. Reserve the largest first.");
        return arena ??= Allocate("arena", Math.Max(bytes, Device.Alignment));
    }

    /// <summary>The buffer of a slot, zeroed on first use.</summary>
    public DeviceBuffer this[Slot slot]
    {
        get
        {
            if (!buffers.TryGetValue(slot, out DeviceBuffer? buffer))
                buffers[slot] = buffer = Allocate(slot.Name, checked(slot.Length * Device.SizeOf(slot.Element)));
            return buffer;
        }
    }

    /// <summary>Uses the buffer of another memory's slot instead of its own, and its arena if that is large enough.</summary>
    /// <param name="slot">A slot without a buffer yet.</param>
    /// <param name="other">Outlives this memory; none of its plans runs meanwhile.</param>
    /// <param name="lent">A slot of <paramref name="other"/>, as long as <paramref name="slot"/>.</param>
    /// <param name="arenaBytes">Bytes of arena that this memory's plans need.</param>
    public void Borrow(Slot slot, DeviceMemory other, Slot lent, long arenaBytes)
    {
        if (slot.Length != lent.Length || slot.Element != lent.Element)
            throw new ArgumentException($"'{lent.Name}' of {lent.Length} {lent.Element} cannot replace '{slot.Name}' of {slot.Length} {slot.Element}.");
        buffers.Add(slot, other[lent]);
        borrowed.Add(other[lent]);
        if (arena is null && other.arena?.Bytes >= arenaBytes)
            borrowed.Add(arena = other.arena);
    }

    /// <summary>Writes reals, whatever their width on the device.</summary>
    public void Write(Slot slot, long offset, ReadOnlySpan<double> values)
    {
        Require(slot, ElementType.Real, offset, values.Length);
        RealIO.Write(this[slot], offset, values, Device.RealSize);
    }

    /// <summary>Writes reals, whatever their width on the device.</summary>
    public void Write(Slot slot, long offset, ReadOnlySpan<float> values)
    {
        Require(slot, ElementType.Real, offset, values.Length);
        RealIO.Write(this[slot], offset, values, Device.RealSize);
    }

    public void Write(Slot slot, long offset, ReadOnlySpan<int> values)
    {
        Require(slot, ElementType.Int32, offset, values.Length);
        RealIO.WriteSame(this[slot], offset, values);
    }

    public void Write(Slot slot, long offset, ReadOnlySpan<byte> values)
    {
        Require(slot, ElementType.Byte, offset, values.Length);
        this[slot].Write(offset, values);
    }

    /// <summary>Writes a few reals at the start of a slot, in the order of the device's work and without waiting for it.</summary>
    public void Post(Slot slot, ReadOnlySpan<double> values)
    {
        Require(slot, ElementType.Real, 0, values.Length);
        if (Device.RealSize == sizeof(double))
        {
            this[slot].Post(0, MemoryMarshal.AsBytes(values));
            return;
        }
        Span<float> narrow = stackalloc float[values.Length];
        for (int i = 0; i < values.Length; i++)
            narrow[i] = (float)values[i];
        this[slot].Post(0, MemoryMarshal.AsBytes(narrow));
    }

    /// <summary>Writes a few integers at the start of a slot, in the order of the device's work and without waiting for it.</summary>
    public void Post(Slot slot, ReadOnlySpan<int> values)
    {
        Require(slot, ElementType.Int32, 0, values.Length);
        this[slot].Post(0, MemoryMarshal.AsBytes(values));
    }

    /// <summary>Reads reals, whatever their width on the device.</summary>
    public void Read(Slot slot, long offset, Span<double> values)
    {
        Require(slot, ElementType.Real, offset, values.Length);
        RealIO.Read(this[slot], offset, values, Device.RealSize);
    }

    /// <summary>Reads reals, whatever their width on the device.</summary>
    public void Read(Slot slot, long offset, Span<float> values)
    {
        Require(slot, ElementType.Real, offset, values.Length);
        RealIO.Read(this[slot], offset, values, Device.RealSize);
    }

    public void Read(Slot slot, long offset, Span<int> values)
    {
        Require(slot, ElementType.Int32, offset, values.Length);
        RealIO.ReadSame(this[slot], offset, values);
    }

    public void Dispose()
    {
        foreach (DeviceBuffer buffer in Buffers.Except(borrowed))
            Release(buffer);
        buffers.Clear();
        borrowed.Clear();
        arena = null;
    }

    /// <summary>Allocates memory that the caller returns with <see cref="Release"/>.</summary>
    internal DeviceBuffer Allocate(string name, long bytes)
    {
        Allocating?.Invoke(Device, name, bytes);
        DeviceBuffer buffer = Device.Allocate(name, bytes);
        if (Device.Guard != GuardSide.None)
            guarded.Add(buffer);
        return buffer;
    }

    internal void Release(DeviceBuffer buffer)
    {
        guarded.Remove(buffer);
        buffer.Dispose();
    }

    /// <summary>In guard mode, describes a write outside a buffer; null if there was none.</summary>
    internal string? Damage() =>
        guarded.Select(b => b.Damage() is string damage ? FormattableString.Invariant($"'{b.Name}' ({b.Bytes} bytes) was {damage}") : null).FirstOrDefault(d => d is not null);

    private static void Require(Slot slot, ElementType element, long offset, long count)
    {
        if (slot.Element != element || offset < 0 || offset + count > slot.Length)
            throw new ArgumentException($"Slot '{slot.Name}' holds {slot.Length} {slot.Element}; asked for {count} {element} at {offset}.");
    }
}
