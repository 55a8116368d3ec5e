using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace GpuGrad.Training.Tests.Data;

/// <summary>PNG files put together chunk by chunk, right or wrong.</summary>
internal static class Png
{
    public static byte[] Signature { get; } = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    public static byte[] End { get; } = Chunk("IEND");

    /// <summary>A whole file.</summary>
    /// <param name="width">Pixels a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="bits">Of a channel.</param>
    /// <param name="colour">0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGB and alpha.</param>
    /// <param name="rows">Each with the number of its filter first.</param>
    public static byte[] Picture(uint width, uint height, byte bits, byte colour, byte[] rows) => File(Header(width, height, bits, colour), Data(rows), End);

    public static byte[] Header(uint width, uint height, byte bits, byte colour, byte interlace = 0)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteUInt32BigEndian(header, width);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = (bits, colour, interlace);
        return Chunk("IHDR", header);
    }

    public static byte[] Data(byte[] rows) => Chunk("IDAT", Zlib(rows));

    public static byte[] File(params byte[][] chunks) => [.. Signature, .. chunks.SelectMany(c => c)];

    public static byte[] Chunk(string type, params byte[] content)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. content];
        var chunk = new byte[body.Length + 8];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        body.CopyTo(chunk, 4);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), Crc32.HashToUInt32(body));
        return chunk;
    }

    private static byte[] Zlib(byte[] content)
    {
        using var stream = new MemoryStream();
        using (var zlib = new ZLibStream(stream, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(content);
        return stream.ToArray();
    }
}
