using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Element type of an array in a file.</summary>
public enum NumberType
{
    UInt8,
    Int8,
    Bool,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float16,
    Float32,
    Float64,
}

/// <summary>An array of numbers of an IDX, npy or npz file; the last index varies fastest.</summary>
/// <param name="Sizes">Length of each axis; empty for a scalar.</param>
/// <param name="Type">Type of the numbers.</param>
/// <param name="Values">Array of the C# type: <c>byte[]</c> for UInt8 and Bool, <c>float[]</c> for Float32, and so on.</param>
public sealed record NumberArray(int[] Sizes, NumberType Type, Array Values)
{
    public static NumberArray Of(ReadOnlySpan<int> sizes, float[] values) => new(sizes.ToArray(), NumberType.Float32, values);

    public static NumberArray Of(ReadOnlySpan<int> sizes, double[] values) => new(sizes.ToArray(), NumberType.Float64, values);

    public static NumberArray Of(ReadOnlySpan<int> sizes, int[] values) => new(sizes.ToArray(), NumberType.Int32, values);

    public int Count => Values.Length;

    public bool IsWhole => Type is not (NumberType.Float16 or NumberType.Float32 or NumberType.Float64);

    /// <summary>Whether float32 represents all numbers of the type exactly.</summary>
    public bool IsFloats => AreFloats(Type);

    /// <summary>Whether float32 represents all numbers of a type exactly.</summary>
    internal static bool AreFloats(NumberType type) => type is not (NumberType.Int32 or NumberType.UInt32 or NumberType.Int64 or NumberType.UInt64 or NumberType.Float64);

    /// <summary>The bytes themselves if the type is UInt8, else null.</summary>
    public byte[]? AsBytes => Type == NumberType.UInt8 ? (byte[])Values : null;

    /// <summary>The numbers as floats, rounded if necessary.</summary>
    public float[] ToFloats() => Values as float[] ?? Convert(v => (float)v);

    public double[] ToDoubles() => Values as double[] ?? Convert(v => v);

    /// <summary>The numbers as ints; null if one of them is not an integer in the range of int.</summary>
    public int[]? ToInts()
    {
        if (Type == NumberType.Int32)
            return (int[])Values;
        bool whole = true;
        int[] converted = Convert(v =>
        {
            whole &= v is >= int.MinValue and <= int.MaxValue && v == Math.Floor(v);
            return whole ? (int)v : 0;
        });
        return whole ? converted : null;
    }

    // By the stated type: the runtime treats an sbyte[] as a byte[], too, and a uint[] as an int[].
    private T[] Convert<T>(Func<double, T> convert) => Type switch
    {
        NumberType.UInt8 or NumberType.Bool => Array.ConvertAll((byte[])Values, x => convert(x)),
        NumberType.Int8 => Array.ConvertAll((sbyte[])Values, x => convert(x)),
        NumberType.Int16 => Array.ConvertAll((short[])Values, x => convert(x)),
        NumberType.UInt16 => Array.ConvertAll((ushort[])Values, x => convert(x)),
        NumberType.Int32 => Array.ConvertAll((int[])Values, x => convert(x)),
        NumberType.UInt32 => Array.ConvertAll((uint[])Values, x => convert(x)),
        NumberType.Int64 => Array.ConvertAll((long[])Values, x => convert(x)),
        NumberType.UInt64 => Array.ConvertAll((ulong[])Values, x => convert(x)),
        NumberType.Float16 => Array.ConvertAll((Half[])Values, x => convert((double)x)),
        NumberType.Float32 => Array.ConvertAll((float[])Values, x => convert(x)),
        _ => Array.ConvertAll((double[])Values, x => convert(x)),
    };
}

/// <summary>Reads numbers from bytes.</summary>
internal static class NumberBytes
{
    public static int SizeOf(NumberType type) => type switch
    {
        NumberType.UInt8 or NumberType.Int8 or NumberType.Bool => 1,
        NumberType.Int16 or NumberType.UInt16 or NumberType.Float16 => 2,
        NumberType.Int32 or NumberType.UInt32 or NumberType.Float32 => 4,
        _ => 8,
    };

    /// <summary>The product of sizes stated in a file; throws if a size is not positive or the product overflows.</summary>
    public static long Product(ByteInput input, ReadOnlySpan<long> sizes)
    {
        long product = 1;
        foreach (long size in sizes)
        {
            if (size is <= 0 or > int.MaxValue)
                throw input.Refuse($"an axis of {size}", $"1 to {int.MaxValue}");
            if (product > long.MaxValue / size)
                throw input.Refuse($"sizes {string.Join("×", sizes.ToArray())}", "a product of at most 63 bits");
            product *= size;
        }
        return product;
    }

    /// <summary>Throws unless exactly this many numbers are left.</summary>
    public static void RequireLeft(ByteInput input, NumberType type, long count)
    {
        int size = SizeOf(type);
        if (count > long.MaxValue / size || count * size != input.Left)
            throw input.Refuse($"{input.Left} bytes of numbers", $"{(Int128)count * size} for {count} of type {type}");
    }

    /// <summary>Converts bytes to numbers.</summary>
    public static void Read(ReadOnlySpan<byte> bytes, NumberType type, bool bigEndian, Span<double> target)
    {
        if (type == NumberType.Float32 && bigEndian != BitConverter.IsLittleEndian)
        {
            ReadOnlySpan<float> floats = MemoryMarshal.Cast<byte, float>(bytes);
            for (int i = 0; i < target.Length; i++)
                target[i] = floats[i];
            return;
        }
        int size = SizeOf(type);
        for (int i = 0; i < target.Length; i++)
            target[i] = Read(bytes[(i * size)..], type, bigEndian);
    }

    private static double Read(ReadOnlySpan<byte> bytes, NumberType type, bool bigEndian) => type switch
    {
        NumberType.UInt8 or NumberType.Bool => bytes[0],
        NumberType.Int8 => (sbyte)bytes[0],
        NumberType.Int16 => bigEndian ? BinaryPrimitives.ReadInt16BigEndian(bytes) : BinaryPrimitives.ReadInt16LittleEndian(bytes),
        NumberType.UInt16 => bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        NumberType.Int32 => bigEndian ? BinaryPrimitives.ReadInt32BigEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes),
        NumberType.UInt32 => bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        NumberType.Int64 => bigEndian ? BinaryPrimitives.ReadInt64BigEndian(bytes) : BinaryPrimitives.ReadInt64LittleEndian(bytes),
        NumberType.UInt64 => bigEndian ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        NumberType.Float16 => (double)(bigEndian ? BinaryPrimitives.ReadHalfBigEndian(bytes) : BinaryPrimitives.ReadHalfLittleEndian(bytes)),
        NumberType.Float32 => bigEndian ? BinaryPrimitives.ReadSingleBigEndian(bytes) : BinaryPrimitives.ReadSingleLittleEndian(bytes),
        _ => bigEndian ? BinaryPrimitives.ReadDoubleBigEndian(bytes) : BinaryPrimitives.ReadDoubleLittleEndian(bytes),
    };

    /// <summary>Reads numbers, which must end the input.</summary>
    public static Array Read(ByteInput input, NumberType type, long count, bool bigEndian)
    {
        if (count > Array.MaxLength)
            throw input.Refuse($"{count} numbers", $"at most {Array.MaxLength} in memory; an unpacked IDX or npy file of samples can have more");
        input.RequireRoom(count * SizeOf(type));
        return type switch
        {
            NumberType.UInt8 => input.Take(count, "numbers"),
            NumberType.Bool => ReadBools(input, count),
            NumberType.Int8 => Read<sbyte>(input, count, bigEndian),
            NumberType.Int16 => Read<short>(input, count, bigEndian),
            NumberType.UInt16 => Read<ushort>(input, count, bigEndian),
            NumberType.Int32 => Read<int>(input, count, bigEndian),
            NumberType.UInt32 => Read<uint>(input, count, bigEndian),
            NumberType.Int64 => Read<long>(input, count, bigEndian),
            NumberType.UInt64 => Read<ulong>(input, count, bigEndian),
            NumberType.Float16 => Read<Half>(input, count, bigEndian),
            NumberType.Float32 => Read<float>(input, count, bigEndian),
            _ => Read<double>(input, count, bigEndian),
        };
    }

    private static T[] Read<T>(ByteInput input, long count, bool bigEndian) where T : unmanaged
    {
        const int Piece = 1 << 16;
        var values = new T[count];
        for (int begin = 0; begin < values.Length; begin += Piece)
            input.Fill(MemoryMarshal.AsBytes(values.AsSpan(begin, Math.Min(Piece, values.Length - begin))), "numbers");
        if (bigEndian == BitConverter.IsLittleEndian)
            Reverse(MemoryMarshal.AsBytes(values.AsSpan()), System.Runtime.CompilerServices.Unsafe.SizeOf<T>());
        return values;
    }

    private static byte[] ReadBools(ByteInput input, long count)
    {
        long start = input.Offset;
        byte[] values = input.Take(count, "truth values");
        int wrong = values.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)1);
        return wrong < 0 ? values : throw input.Refuse($"the truth value {values[wrong]}", "0 or 1", start + wrong);
    }

    private static void Reverse(Span<byte> bytes, int size)
    {
        if (size == 2)
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ushort>(bytes), MemoryMarshal.Cast<byte, ushort>(bytes));
        else if (size == 4)
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, uint>(bytes), MemoryMarshal.Cast<byte, uint>(bytes));
        else if (size == 8)
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ulong>(bytes), MemoryMarshal.Cast<byte, ulong>(bytes));
    }
}
