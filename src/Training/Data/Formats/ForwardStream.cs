using System.IO.Hashing;

namespace GpuGrad.Training.Data.Formats;

/// <summary>A stream that is read once from start to end.</summary>
internal abstract class ForwardStream : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public abstract override int Read(Span<byte> buffer);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>A stream with a CRC-32 of the bytes read.</summary>
internal abstract class CheckedStream : ForwardStream
{
    private readonly Crc32 crc = new();

    public uint Crc => crc.GetCurrentHashAsUInt32();

    public sealed override int Read(Span<byte> buffer)
    {
        int count = ReadBytes(buffer);
        crc.Append(buffer[..count]);
        return count;
    }

    /// <summary>Throws if the stream is truncated, or if unexpected bytes follow its end.</summary>
    public abstract void End();

    protected abstract int ReadBytes(Span<byte> buffer);
}

/// <summary>Uncompressed bytes of a file.</summary>
internal sealed class StoredStream(Stream source, long length) : CheckedStream
{
    private long left = length;

    public override void End()
    {
        // The archive's directory gives the length; the next entry follows.
    }

    protected override int ReadBytes(Span<byte> buffer)
    {
        int count = source.Read(buffer[..(int)Math.Min(buffer.Length, left)]);
        left -= count;
        return count;
    }
}

/// <summary>Input with length and CRC-32 given by its container.</summary>
/// <param name="stream">The bytes.</param>
/// <param name="name">Name of the container, for messages.</param>
/// <param name="part">Part of the container, for messages.</param>
/// <param name="length">Stated length.</param>
/// <param name="crc">Stated checksum.</param>
/// <param name="place">Position of the stated values.</param>
internal sealed class CheckedInput(CheckedStream stream, string name, string part, long length, uint crc, long place)
    : ByteInput(stream, $"{name} ({part})", length)
{
    public override void End()
    {
        base.End();
        stream.End();
        if (stream.Crc != crc)
            throw DataFault.At(name, place, $"the checksum {crc:X8} over data that has {stream.Crc:X8}", "the same; the file is damaged");
    }

    public override void Dispose()
    {
        stream.Dispose();
        base.Dispose();
    }
}
