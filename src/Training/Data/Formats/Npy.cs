using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace GpuGrad.Training.Data.Formats;

/// <summary>NumPy's array file, versions 1 to 3. Arrays of objects are pickles, which execute code, and are refused.</summary>
/// <remarks>Source: NumPy's documentation, numpy.lib.format.</remarks>
public static class Npy
{
    private const int MostHeader = 1 << 16;
    private const int Alignment = 64;

    private static readonly byte[] Magic = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <param name="stream">A seekable stream; read to its end.</param>
    /// <param name="name">For messages.</param>
    public static NumberArray Read(Stream stream, string name) => Read(new ByteInput(stream, name, stream.Length));

    internal static NumberArray Read(ByteInput input)
    {
        ArrayHeader header = ReadHeader(input);
        NumberArray array = header.ReadNumbers(input);
        return header.Fortran && array.Sizes.Length > 1 ? array with { Values = Transposed(array.Sizes, array.Values) } : array;
    }

    /// <summary>Reads the header.</summary>
    internal static ArrayHeader ReadHeader(ByteInput input)
    {
        if (!input.Take(Magic.Length, "npy's magic number").AsSpan().SequenceEqual(Magic))
            throw input.Refuse("another beginning", "npy's 93 'NUMPY'", 0);
        int major = input.Byte("the version"), minor = input.Byte("the version");
        if (major is < 1 or > 3 || minor != 0)
            throw input.Refuse($"version {major}.{minor}", "1.0, 2.0 or 3.0", Magic.Length);
        long length = major == 1 ? input.LittleUInt16("the header's length") : input.LittleUInt32("the header's length");
        if (length > MostHeader)
            throw input.Refuse($"a header of {length} bytes", $"at most {MostHeader}");
        long start = input.Offset;
        string text = Encoding.Latin1.GetString(input.Take(length, "the header"));
        NpyHeader header = NpyHeader.Parse(text, input, start);
        return ArrayHeader.Of(input, header.Sizes, header.Type, header.BigEndian, header.Fortran);
    }

    /// <summary>Header of a version 1 file.</summary>
    internal static byte[] Header(ReadOnlySpan<int> sizes, NumberType type)
    {
        var shape = new StringBuilder();
        foreach (int size in sizes)
            shape.Append(CultureInfo.InvariantCulture, $"{size}, ");
        string tuple = sizes.Length == 1 ? shape.ToString().TrimEnd() : shape.ToString().TrimEnd(' ', ',');
        string text = $"{{'descr': '{NpyHeader.Name(type)}', 'fortran_order': False, 'shape': ({tuple}), }}";
        int whole = (Magic.Length + 4 + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        int length = whole - Magic.Length - 4;
        text = text.PadRight(length - 1) + "\n";
        return [.. Magic, 1, 0, (byte)length, (byte)(length >> 8), .. Encoding.ASCII.GetBytes(text)];
    }

    // In Fortran order the first index varies fastest.
    private static Array Transposed(int[] sizes, Array values)
    {
        Array result = Array.CreateInstance(values.GetType().GetElementType()!, values.Length);
        Span<byte> from = BytesOf(values), to = BytesOf(result);
        switch (from.Length / values.Length)
        {
            case 1:
                Transpose(sizes, from, to);
                break;
            case 2:
                Transpose(sizes, MemoryMarshal.Cast<byte, ushort>(from), MemoryMarshal.Cast<byte, ushort>(to));
                break;
            case 4:
                Transpose(sizes, MemoryMarshal.Cast<byte, uint>(from), MemoryMarshal.Cast<byte, uint>(to));
                break;
            default:
                Transpose(sizes, MemoryMarshal.Cast<byte, ulong>(from), MemoryMarshal.Cast<byte, ulong>(to));
                break;
        }
        return result;
    }

    private static void Transpose<T>(int[] sizes, ReadOnlySpan<T> from, Span<T> to)
    {
        var index = new int[sizes.Length];
        int inner = sizes[^1], stride = from.Length / inner;
        for (int row = 0; row < to.Length; row += inner)
        {
            int source = 0;
            for (int axis = sizes.Length - 2; axis >= 0; axis--)
                source = (source * sizes[axis]) + index[axis];
            for (int i = 0; i < inner; i++)
                to[row + i] = from[source + (i * stride)];
            for (int axis = sizes.Length - 2; axis >= 0 && ++index[axis] == sizes[axis]; axis--)
                index[axis] = 0;
        }
    }

    private static Span<byte> BytesOf(Array values) =>
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(values), Buffer.ByteLength(values));
}
