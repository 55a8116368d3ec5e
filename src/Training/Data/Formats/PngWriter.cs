using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Writes pictures as PNG: 8 bits, gray or RGB, with or without alpha.</summary>
public static class PngWriter
{
    public static byte[] Write(Picture picture)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, picture.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), picture.Height);
        header[8] = 8;
        header[9] = (byte)(picture.Channels switch { 1 => PngColour.Gray, 2 => PngColour.GrayAlpha, 3 => PngColour.Rgb, _ => PngColour.RgbAlpha });
        Chunk(file, "IHDR", header);
        Chunk(file, "IDAT", Pack(picture));
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    private static byte[] Pack(Picture picture)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            int row = picture.Width * picture.Channels;
            for (int y = 0; y < picture.Height; y++)
            {
                zlib.WriteByte(0);
                zlib.Write(picture.Pixels, y * row, row);
            }
        }
        return packed.ToArray();
    }

    private static void Chunk(Stream file, string type, byte[] data)
    {
        Span<byte> word = stackalloc byte[4];
        byte[] name = Encoding.ASCII.GetBytes(type);
        BinaryPrimitives.WriteInt32BigEndian(word, data.Length);
        file.Write(word);
        file.Write(name);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(word, PngChecksum.Of(name, data));
        file.Write(word);
    }
}
