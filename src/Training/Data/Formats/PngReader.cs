using System.Text;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// PNG pictures: every colour type, 1 to 16 bits, all filters, interlaced or not; 16 bits are rounded to 8, fewer are spread
/// over 0 to 255, and a transparent colour becomes an alpha channel. Checksums are checked; unknown critical chunks and
/// anything after the end are refused.
/// </summary>
/// <remarks>Source: W3C, Portable Network Graphics Specification (Third Edition).</remarks>
public static class PngReader
{
    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    public static Picture Read(string path) => DataFile.Read(path, stream => Read(stream, path));

    /// <param name="stream">Seekable; read to its end.</param>
    /// <param name="name">For messages.</param>
    public static Picture Read(Stream stream, string name)
    {
        using var input = new ByteInput(stream, name, stream.Length);
        PngHeader header = ReadHeader(input);
        var chunks = new Chunks(input);
        while (!chunks.Ended)
            chunks.Take();
        input.End();
        if (chunks.Data.Length == 0)
            throw input.Refuse("no IDAT chunk", "a picture");
        var colours = new PngColours(header, chunks.Palette, chunks.Transparent, input);
        return new PngRows(header, colours, name, chunks.DataOffset).Read(chunks.Data.ToArray());
    }

    /// <summary>The first chunk alone: size and kind of the picture.</summary>
    internal static PngHeader ReadHeader(ByteInput input)
    {
        if (!input.Take(Signature.Length, "PNG's signature").AsSpan().SequenceEqual(Signature))
            throw input.Refuse("another beginning", "PNG's 89 'PNG'", 0);
        (string type, byte[] chunk) = ReadChunk(input);
        return type == "IHDR" ? PngHeader.Parse(chunk, input, Signature.Length + 8) : throw input.Refuse($"the chunk {DataFault.Quote(type)}", "IHDR first", Signature.Length);
    }

    private static (string Type, byte[] Chunk) ReadChunk(ByteInput input)
    {
        long offset = input.Offset;
        uint length = input.BigUInt32("a chunk's length");
        if (length > int.MaxValue)
            throw input.Refuse($"a chunk of {length} bytes", $"at most {int.MaxValue}", offset);
        input.Need(8L + length, "a chunk");
        byte[] type = input.Take(4, "a chunk's type");
        if (!type.All(b => char.IsAsciiLetter((char)b)))
            throw input.Refuse("a chunk's type that is no letters", "four letters", offset + 4);
        byte[] chunk = input.Take(length, "a chunk");
        uint crc = PngChecksum.Of(type, chunk), stated = input.BigUInt32("a chunk's checksum");
        if (crc != stated)
            throw input.Refuse($"the checksum {stated:X8} over data that has {crc:X8}", "the same; the file is damaged", offset + 8 + length);
        return (Encoding.ASCII.GetString(type), chunk);
    }

    /// <summary>What follows the header, sorted by kind.</summary>
    private sealed class Chunks(ByteInput input)
    {
        private bool dataEnded;

        public byte[]? Palette { get; private set; }

        public byte[]? Transparent { get; private set; }

        public MemoryStream Data { get; } = new();

        public long DataOffset { get; private set; }

        public bool Ended { get; private set; }

        public void Take()
        {
            long offset = input.Offset;
            (string type, byte[] chunk) = ReadChunk(input);
            dataEnded |= Data.Length > 0 && type != "IDAT";
            switch (type)
            {
                case "IDAT" when dataEnded:
                    throw input.Refuse("a second run of IDAT chunks", "one", offset);
                case "IDAT":
                    DataOffset = Data.Length == 0 ? offset + 8 : DataOffset;
                    Data.Write(chunk);
                    break;
                case "PLTE" when Palette is not null || Data.Length > 0 || chunk.Length % 3 != 0 || chunk.Length is 0 or > 768:
                    throw input.Refuse($"a palette of {chunk.Length} bytes", "one of 1 to 256 colours of 3 bytes, before the picture", offset);
                case "PLTE":
                    Palette = chunk;
                    break;
                case "tRNS" when Transparent is not null || Data.Length > 0:
                    throw input.Refuse("a tRNS chunk", "one, before the picture", offset);
                case "tRNS":
                    Transparent = chunk;
                    break;
                case "IEND":
                    Ended = chunk.Length == 0 ? true : throw input.Refuse($"an IEND of {chunk.Length} bytes", "none", offset);
                    break;
                default:
                    if (char.IsAsciiLetterUpper(type[0]))
                        throw input.Refuse($"the chunk {DataFault.Quote(type)}", "one of the PNG standard", offset);
                    break;
            }
        }
    }
}
