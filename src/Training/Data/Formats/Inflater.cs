using System.IO.Compression;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// A raw deflate stream (RFC 1951) of known compressed length, decompressed in order. <see cref="DeflateStream"/> treats a truncated
/// stream as one that ends, and reads past the end; so the last bytes are passed to it one at a time, and
/// <see cref="End"/> verifies that it ended with the last compressed byte.
/// </summary>
internal sealed class Inflater : CheckedStream
{
    /// <summary>Deflate produces at most 258 bytes from 2 bits: 1032 to 1.</summary>
    private const long MostRatio = 1032;

    private const long BombBytes = 64L << 20;
    private const long BombRatio = 1000;

    private readonly string name;
    private readonly long offset;
    private readonly Tail packed;
    private readonly DeflateStream inflated;

    /// <param name="source">Positioned at the first compressed byte.</param>
    /// <param name="name">For messages.</param>
    /// <param name="offset">Position of the first compressed byte in the file, for messages.</param>
    /// <param name="length">Number of compressed bytes.</param>
    public Inflater(Stream source, string name, long offset, long length)
    {
        this.name = name;
        this.offset = offset;
        packed = new Tail(source, length);
        inflated = new DeflateStream(packed, CompressionMode.Decompress, leaveOpen: true);
    }

    /// <summary>Refuses a stated size that is impossible, and bombs: over 64 MiB, a thousand times the compressed size.</summary>
    public static void CheckRatio(string name, long offset, long packed, long claimed)
    {
        if (claimed / MostRatio > packed)
            throw DataFault.At(name, offset, $"{packed} compressed bytes that claim to hold {claimed}", $"at most {MostRatio} times as many");
        if (claimed > BombBytes && claimed / BombRatio > packed)
            throw DataFault.At(name, offset, $"{packed} compressed bytes that hold {claimed}", $"less than {BombRatio} times as many; unpack the file first if you trust it");
    }

    /// <summary>Refuses more decompressed bytes, a truncated stream, and compressed bytes after its end.</summary>
    public override void End()
    {
        Span<byte> one = stackalloc byte[1];
        if (ReadBytes(one) != 0)
            throw Refuse("more packed data", "its end");
        if (packed.Given != packed.Count)
            throw Refuse($"{packed.Count - packed.Given} bytes after the compressed data", "its end");
    }

    protected override int ReadBytes(Span<byte> buffer)
    {
        try
        {
            int count = inflated.Read(buffer);
            if (count == 0 && buffer.Length > 0 && packed.AskedForMore)
                throw Refuse("packed data that breaks off", "the rest of it");
            return count;
        }
        catch (InvalidDataException e)
        {
            throw Refuse("packed data that makes no sense", "a deflate stream", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inflated.Dispose();
            packed.Dispose();
        }
        base.Dispose(disposing);
    }

    private GpuGradException Refuse(string found, string expected, Exception? inner = null) =>
        DataFault.At(name, offset + packed.Given, found, expected, inner);

    /// <summary>A part of a stream that delivers its last bytes one by one.</summary>
    private sealed class Tail(Stream source, long count) : ForwardStream
    {
        private const int Singly = 64;

        public long Count => count;

        public long Given { get; private set; }

        /// <summary>Whether bytes were requested after the last.</summary>
        public bool AskedForMore { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            long bulk = count - Given - Singly;
            int wanted = (int)Math.Min(buffer.Length, bulk > 0 ? bulk : Math.Min(1, count - Given));
            int read = wanted == 0 ? 0 : source.Read(buffer[..wanted]);
            AskedForMore |= read == 0 && buffer.Length > 0;
            Given += read;
            return read;
        }
    }
}
