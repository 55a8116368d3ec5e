using System.Buffers.Binary;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// A gzip file (RFC 1952) of one member. The trailer is read first: it has the number of bytes and their CRC-32,
/// and both are verified, which GZipStream does not do for a truncated file.
/// </summary>
internal static class Gzip
{
    private const int Trailer = 8;
    private const byte Checked = 2, Extra = 4, FileName = 8, Comment = 16, Reserved = 0xE0;

    public static bool Is(Stream stream)
    {
        Span<byte> magic = stackalloc byte[2];
        stream.Position = 0;
        int count = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
        stream.Position = 0;
        return count == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
    }

    /// <summary>The decompressed bytes, read in order; <see cref="ByteInput.End"/> verifies the checksum.</summary>
    public static ByteInput Open(Stream stream, string name)
    {
        var header = new ByteInput(stream, name, stream.Length);
        ReadHeader(header);
        header.Need(Trailer, "the trailer");
        long start = header.Offset, length = header.Left - Trailer;
        Span<byte> trailer = stackalloc byte[Trailer];
        stream.Position = start + length;
        stream.ReadExactly(trailer);
        stream.Position = start;
        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(trailer), size = BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]);
        Inflater.CheckRatio(name, start + length + 4, length, size);
        return new CheckedInput(new Inflater(stream, name, start, length), name, "inflated", size, crc, start + length);
    }

    private static void ReadHeader(ByteInput header)
    {
        const string What = "a gzip header";
        if (header.Byte(What) != 0x1F || header.Byte(What) != 0x8B || header.Byte(What) != 8)
            throw header.Refuse("another beginning", "gzip's 1F 8B 08", 0);
        byte flags = header.Byte(What);
        if ((flags & Reserved) != 0)
            throw header.Refuse($"the unknown flags {flags:X2}", "those of RFC 1952", 3);
        header.Take(6, "time and system");
        if ((flags & Extra) != 0)
            header.Take(header.LittleUInt16("the extra field's length"), "the extra field");
        if ((flags & FileName) != 0)
            SkipText(header, "the file name");
        if ((flags & Comment) != 0)
            SkipText(header, "the comment");
        if ((flags & Checked) != 0)
            header.LittleUInt16("the header's checksum");
    }

    private static void SkipText(ByteInput header, string what)
    {
        while (header.Byte(what) != 0)
        {
            // up to and including the terminating NUL
        }
    }
}
