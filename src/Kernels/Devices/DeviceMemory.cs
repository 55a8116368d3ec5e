using System.Runtime.InteropServices;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Devices;

/// <summary>
/// The memory that a training run holds on one device: a buffer for each slot, and one arena that its plans take turns in.
/// </summary>
public sealed class DeviceMemory(Device device) : IDisposable
{
    private readonly Dictionary<Slot, DeviceBuffer> buffers = [];
    private DeviceBuffer? arena;

    public Device Device { get; } = device;

    /// <summary>Told of every allocation before it; a test throws from it to see what then happens.</summary>
    internal static Action<Device, string, long>? Allocating { get; set; }

    /// <summary>Everything allocated, largest first.</summary>
    public IReadOnlyList<DeviceBuffer> Buffers =>
        [.. buffers.Values.Concat(arena is null ? [] : [arena]).OrderByDescending(b => b.Bytes)];

    /// <summary>
    /// The arena for temporaries. Plans that are bound to it take turns; it must be asked for the largest size first,
    /// because bound plans hold its addresses.
    /// </summary>
    public DeviceBuffer Arena(long bytes)
    {
        if (arena is not null && arena.Bytes < bytes)
            throw new InvalidOperationException($"The arena has {arena.Bytes} bytes; a plan asks for {bytes}. Reserve the largest first.");
        return arena ??= Allocate("arena", Math.Max(bytes, Device.Alignment));
    }

    /// <summary>The buffer of a slot, zeroed when first asked for.</summary>
    public DeviceBuffer this[Slot slot]
    {
        get
        {
            if (!buffers.TryGetValue(slot, out DeviceBuffer? buffer))
                buffers[slot] = buffer = Allocate(slot.Name, checked(slot.Length * Device.SizeOf(slot.Element)));
            return buffer;
        }
    }

    /// <summary>Writes reals, whatever their width on the device.</summary>
    public void Write(Slot slot, long offset, ReadOnlySpan<double> values)
    {
        Require(slot, ElementType.Real, offset, values.Length);
        if (Device.RealSize == sizeof(double))
            RealIO.WriteSame(this[slot], offset, values, sizeof(double));
        else
            RealIO.Write(this[slot], offset, values);
    }

    /// <summary>Writes reals, whatever their width on the device.</summary>
    public void Write(Slot slot, long offset, ReadOnlySpan<float> values)
    {
        Require(slot, ElementType.Real, offset, values.Length);
        if (Device.RealSize == sizeof(float))
            RealIO.WriteSame(this[slot], offset, values, sizeof(float));
        else
            RealIO.Write(this[slot], offset, values);
    }

    public void Write(Slot slot, long offset, ReadOnlySpan<int> values)
    {
        Require(slot, ElementType.Int32, offset, values.Length);
        RealIO.WriteSame(this[slot], offset, values, sizeof(int));
    }

    public void Write(Slot slot, long offset, ReadOnlySpan<byte> values)
    {
        Require(slot, ElementType.Byte, offset, values.Length);
        this[slot].Write(offset, values);
    }

    /// <summary>Writes a few reals from the beginning of a slot on, in the order of the device's work and without waiting for it.</summary>
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

    /// <summary>Writes a few integers from the beginning of a slot on, in the order of the device's work and without waiting for it.</summary>
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
        RealIO.ReadSame(this[slot], offset, values, sizeof(int));
    }

    public void Dispose()
    {
        foreach (DeviceBuffer buffer in buffers.Values)
            buffer.Dispose();
        buffers.Clear();
        arena?.Dispose();
        arena = null;
    }

    /// <summary>Memory that whoever asks disposes of.</summary>
    internal DeviceBuffer Allocate(string name, long bytes)
    {
        Allocating?.Invoke(Device, name, bytes);
        return Device.Allocate(name, bytes);
    }

    private static void Require(Slot slot, ElementType element, long offset, long count)
    {
        if (slot.Element != element || offset < 0 || offset + count > slot.Length)
            throw new ArgumentException($"Slot '{slot.Name}' holds {slot.Length} {slot.Element}; asked for {count} {element} at {offset}.");
    }
}

/// <summary>Moving reals whose width on the device is not the caller's.</summary>
internal static class RealIO
{
    private const int Chunk = 256;

    // Elements at a time where nothing is converted: a span counts its bytes in 32 bits.
    private const int Piece = 1 << 26;

    public static void WriteSame<T>(DeviceBuffer buffer, long element, ReadOnlySpan<T> values, int size) where T : unmanaged
    {
        for (; values.Length > Piece; element += Piece, values = values[Piece..])
            buffer.Write(element * size, MemoryMarshal.AsBytes(values[..Piece]));
        buffer.Write(element * size, MemoryMarshal.AsBytes(values));
    }

    public static void ReadSame<T>(DeviceBuffer buffer, long element, Span<T> values, int size) where T : unmanaged
    {
        for (; values.Length > Piece; element += Piece, values = values[Piece..])
            buffer.Read(element * size, MemoryMarshal.AsBytes(values[..Piece]));
        buffer.Read(element * size, MemoryMarshal.AsBytes(values));
    }

    public static void Write(DeviceBuffer buffer, long element, ReadOnlySpan<double> values)
    {
        Span<float> narrow = stackalloc float[Chunk];
        for (int begin = 0; begin < values.Length; begin += Chunk)
        {
            ReadOnlySpan<double> part = values.Slice(begin, Math.Min(Chunk, values.Length - begin));
            for (int i = 0; i < part.Length; i++)
                narrow[i] = (float)part[i];
            buffer.Write((element + begin) * sizeof(float), MemoryMarshal.AsBytes(narrow[..part.Length]));
        }
    }

    public static void Write(DeviceBuffer buffer, long element, ReadOnlySpan<float> values)
    {
        Span<double> wide = stackalloc double[Chunk];
        for (int begin = 0; begin < values.Length; begin += Chunk)
        {
            ReadOnlySpan<float> part = values.Slice(begin, Math.Min(Chunk, values.Length - begin));
            for (int i = 0; i < part.Length; i++)
                wide[i] = part[i];
            buffer.Write((element + begin) * sizeof(double), MemoryMarshal.AsBytes(wide[..part.Length]));
        }
    }

    public static void Read(DeviceBuffer buffer, long element, Span<double> values, int realSize)
    {
        if (realSize == sizeof(double))
        {
            ReadSame(buffer, element, values, realSize);
            return;
        }
        Span<float> narrow = stackalloc float[Chunk];
        for (int begin = 0; begin < values.Length; begin += Chunk)
        {
            Span<float> part = narrow[..Math.Min(Chunk, values.Length - begin)];
            buffer.Read((element + begin) * sizeof(float), MemoryMarshal.AsBytes(part));
            for (int i = 0; i < part.Length; i++)
                values[begin + i] = part[i];
        }
    }

    public static void Read(DeviceBuffer buffer, long element, Span<float> values, int realSize)
    {
        if (realSize == sizeof(float))
        {
            ReadSame(buffer, element, values, realSize);
            return;
        }
        Span<double> wide = stackalloc double[Chunk];
        for (int begin = 0; begin < values.Length; begin += Chunk)
        {
            Span<double> part = wide[..Math.Min(Chunk, values.Length - begin)];
            buffer.Read((element + begin) * sizeof(double), MemoryMarshal.AsBytes(part));
            for (int i = 0; i < part.Length; i++)
                values[begin + i] = (float)part[i];
        }
    }
}
