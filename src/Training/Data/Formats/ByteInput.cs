using System.Buffers.Binary;
using GpuGrad.Kernels.Devices.Host;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// Reads bytes in order from an input of known length. Every read is exact; sizes stated in a file are compared with
/// the remaining bytes before memory is allocated; and nothing may follow the end.
/// </summary>
/// <param name="stream">The bytes.</param>
/// <param name="name">For messages.</param>
/// <param name="length">Number of bytes.</param>
internal class ByteInput(Stream stream, string name, long length) : IDisposable
{
    private readonly byte[] small = new byte[8];

    public string Name => name;

    public long Length => length;

    public long Offset { get; private set; }

    public long Left => length - Offset;

    /// <summary>An error at the position read last, or at <paramref name="offset"/>.</summary>
    public GpuGradException Refuse(string found, string expected, long? offset = null) =>
        DataFault.At(name, offset ?? Offset, found, expected);

    /// <summary>Throws unless this many bytes are left.</summary>
    public void Need(long count, string what)
    {
        if (count > Left)
            throw Refuse($"{Left} bytes left", $"{count} for {what}");
    }

    /// <summary>Reads exactly enough bytes to fill the target.</summary>
    public void Fill(Span<byte> target, string what)
    {
        Need(target.Length, what);
        try
        {
            stream.ReadExactly(target);
        }
        catch (EndOfStreamException e)
        {
            throw DataFault.At(name, Offset, "the end", $"{target.Length} bytes for {what}", e);
        }
        Offset += target.Length;
    }

    /// <summary>Reads this many bytes into a new array.</summary>
    public byte[] Take(long count, string what)
    {
        Need(count, what);
        if (count > Array.MaxLength)
            throw Refuse($"{count} bytes for {what}", $"at most {Array.MaxLength}");
        RequireRoom(count);
        var bytes = new byte[count];
        Fill(bytes, what);
        return bytes;
    }

    /// <summary>Throws if the machine lacks the memory.</summary>
    public void RequireRoom(long bytes) => HostMemory.Require(name, bytes);

    public byte Byte(string what) => Small(1, what)[0];

    public ushort LittleUInt16(string what) => BinaryPrimitives.ReadUInt16LittleEndian(Small(2, what));

    public uint LittleUInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Small(4, what));

    public ulong LittleUInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Small(8, what));

    public uint BigUInt32(string what) => BinaryPrimitives.ReadUInt32BigEndian(Small(4, what));

    /// <summary>Throws if anything follows.</summary>
    public virtual void End()
    {
        if (Left > 0)
            throw Refuse($"{Left} bytes more", "the end of the file");
    }

    /// <summary>The stream stays open: whoever opened it closes it.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    private Span<byte> Small(int count, string what)
    {
        Span<byte> bytes = small.AsSpan(0, count);
        Fill(bytes, what);
        return bytes;
    }
}
