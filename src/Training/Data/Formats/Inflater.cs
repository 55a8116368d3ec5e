using System.IO.Compression;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// A raw deflate stream (RFC 1951) of known packed length, inflated in order. <see cref="DeflateStream"/> takes a stream
/// that breaks off for one that ends, and reads past the end unasked; so the last bytes are handed to it one at a time, and
/// <see cref="End"/> proves that it ended where the packed bytes end.
/// </summary>
internal sealed class Inflater : CheckedStream
{
    /// <summary>Deflate makes at most 258 bytes of 2 bits: 1032 to 1.</summary>
    private const long MostRatio = 1032;

    private const long BombBytes = 64L << 20;
    private const long BombRatio = 1000;

    private readonly string name;
    private readonly long offset;
    private readonly Tail packed;
    private readonly DeflateStream inflated;

    /// <param name="source">Positioned at the first packed byte.</param>
    /// <param name="name">For messages.</param>
    /// <param name="offset">Of the first packed byte in the file, for messages.</param>
    /// <param name="length">Number of packed bytes.</param>
    public Inflater(Stream source, string name, long offset, long length)
    {
        this.name = name;
        this.offset = offset;
        packed = new Tail(source, length);
        inflated = new DeflateStream(packed, CompressionMode.Decompress, leaveOpen: true);
    }

    /// <summary>Refuses a claimed size that the packed bytes cannot hold, and bombs: over 64 MiB, a thousand times the packed size.</summary>
    public static void CheckRatio(string name, long offset, long packed, long claimed)
    {
        if (claimed / MostRatio > packed)
            throw DataFault.At(name, offset, $"{packed} packed bytes that claim to hold {claimed}", $"at most {MostRatio} times as many");
        if (claimed > BombBytes && claimed / BombRatio > packed)
            throw DataFault.At(name, offset, $"{packed} packed bytes that hold {claimed}", $"less than {BombRatio} times as many; unpack it first if it is no bomb");
    }

    /// <summary>Refuses more inflated bytes, a stream that breaks off, and packed bytes after its end.</summary>
    public override void End()
    {
        Span<byte> one = stackalloc byte[1];
        if (ReadBytes(one) != 0)
            throw Refuse("more packed data", "its end");
        if (packed.Given != packed.Count)
            throw Refuse($"{packed.Count - packed.Given} bytes behind the packed data", "its end");
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

    /// <summary>A part of a stream, whose last bytes come one by one.</summary>
    private sealed class Tail(Stream source, long count) : ForwardStream
    {
        private const int Singly = 64;

        public long Count => count;

        public long Given { get; private set; }

        /// <summary>True when bytes were asked for after the last.</summary>
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
