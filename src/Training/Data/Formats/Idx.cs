using System.Buffers.Binary;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// IDX, the format of MNIST, plain or gzipped: 00 00, a type, the number of axes, each axis as a big-endian int, then the
/// numbers, big-endian.
/// </summary>
/// <remarks>Source: the page of the MNIST database, "file formats for the MNIST database".</remarks>
public static class Idx
{
    private const int MostAxes = 8;

    /// <param name="stream">A seekable stream; read to its end.</param>
    /// <param name="name">For messages.</param>
    /// <exception cref="GpuGradException">It is not IDX, truncated, damaged, or followed by something.</exception>
    public static NumberArray Read(Stream stream, string name)
    {
        using ByteInput input = Gzip.Is(stream) ? Gzip.Open(stream, name) : new ByteInput(stream, name, stream.Length);
        return ReadHeader(input).ReadNumbers(input);
    }

    /// <summary>Reads the header.</summary>
    internal static ArrayHeader ReadHeader(ByteInput input)
    {
        uint magic = input.BigUInt32("IDX's magic number");
        int axes = (int)(magic & 0xFF);
        if (magic >> 16 != 0 || TypeOf((byte)(magic >> 8)) is not NumberType type)
            throw input.Refuse($"the magic number {magic:X8}", "IDX's 00 00, a type from 08 to 0E, and the number of axes", 0);
        if (axes is 0 or > MostAxes)
            throw input.Refuse($"{axes} axes", $"1 to {MostAxes}", 3);
        var sizes = new long[axes];
        for (int i = 0; i < axes; i++)
            sizes[i] = (int)input.BigUInt32("the sizes");
        return ArrayHeader.Of(input, sizes, type, bigEndian: true);
    }

    /// <summary>Writes bytes as IDX.</summary>
    public static void Write(Stream stream, ReadOnlySpan<int> sizes, ReadOnlySpan<byte> values)
    {
        stream.Write(Header(sizes));
        stream.Write(values);
    }

    /// <summary>Header of an array of bytes.</summary>
    internal static byte[] Header(ReadOnlySpan<int> sizes)
    {
        var header = new byte[4 * (1 + sizes.Length)];
        BinaryPrimitives.WriteInt32BigEndian(header, 0x0800 | sizes.Length);
        for (int i = 0; i < sizes.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 * (1 + i)), sizes[i]);
        return header;
    }

    private static NumberType? TypeOf(byte code) => code switch
    {
        0x08 => NumberType.UInt8,
        0x09 => NumberType.Int8,
        0x0B => NumberType.Int16,
        0x0C => NumberType.Int32,
        0x0D => NumberType.Float32,
        0x0E => NumberType.Float64,
        _ => null,
    };
}
