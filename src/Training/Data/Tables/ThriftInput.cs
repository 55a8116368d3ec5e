using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>A struct of Thrift's compact protocol: its integers, structs and lists by field; texts are skipped.</summary>
/// <remarks>Source: "Thrift Compact protocol encoding", Apache Thrift.</remarks>
internal sealed class ThriftStruct
{
    private readonly Dictionary<int, object> fields = [];

    /// <summary>An integer; null if the field is missing.</summary>
    public long? Number(int field) => fields.TryGetValue(field, out object? value) && value is long number ? number : null;

    public ThriftStruct? Struct(int field) => fields.GetValueOrDefault(field) as ThriftStruct;

    /// <summary>The structs of a list.</summary>
    public IReadOnlyList<ThriftStruct> Structs(int field) => fields.GetValueOrDefault(field) is object[] items ? [.. items.OfType<ThriftStruct>()] : [];

    internal void Set(int field, object value) => fields[field] = value;
}

/// <summary>
/// Reads Thrift's compact protocol from untrusted bytes: the depth is limited, and a list or text cannot be longer than the remaining
/// bytes.
/// </summary>
/// <param name="bytes">The struct, possibly followed by more.</param>
/// <param name="name">For messages.</param>
/// <param name="offset">Position of the first byte in the file, for messages.</param>
internal ref struct ThriftInput(ReadOnlySpan<byte> bytes, string name, long offset)
{
    private const int MostDepth = 32;

    private const int True = 1, False = 2, Byte = 3, Short = 4, Int = 5, Long = 6, Double = 7, Binary = 8, List = 9, Set = 10, Map = 11, Struct = 12;

    private readonly ReadOnlySpan<byte> bytes = bytes;

    /// <summary>Number of bytes read.</summary>
    public int Read { get; private set; }

    public ThriftStruct ReadStruct(int depth = 0)
    {
        if (depth > MostDepth)
            throw Refuse($"structs {depth} deep", "the metadata of Parquet");
        var result = new ThriftStruct();
        int field = 0;
        while (true)
        {
            int head = Next();
            int type = head & 15;
            if (type == 0)
                return result;
            field = checked((head >> 4) == 0 ? (short)ZigZag() : field + (head >> 4));
            result.Set(field, type is True or False ? type == True ? 1L : 0L : Value(type, depth + 1));
        }
    }

    private object Value(int type, int depth)
    {
        switch (type)
        {
            case True or False or Byte:
                return (long)Next();
            case Short or Int or Long:
                return ZigZag();
            case Double:
                Skip(8);
                return 0.0;
            case Binary:
                Skip(checked((long)VarInt()));
                return "";
            case List or Set:
                int head = Next();
                return Items(head & 15, (head >> 4) == 15 ? VarInt() : (ulong)(head >> 4), depth);
            case Map:
                ulong count = VarInt();
                int types = count == 0 ? 0 : Next();
                Need(count);
                for (ulong i = 0; i < count; i++)
                {
                    Value(types >> 4, depth + 1);
                    Value(types & 15, depth + 1);
                }
                return "";
            case Struct:
                return ReadStruct(depth);
            default:
                throw Refuse($"the type {type}", "one of Thrift's");
        }
    }

    private object[] Items(int type, ulong count, int depth)
    {
        if (depth > MostDepth)
            throw Refuse($"lists {depth} deep", "the metadata of Parquet");
        Need(count);
        var items = new object[count];
        for (ulong i = 0; i < count; i++)
            items[i] = Value(type, depth + 1);
        return items;
    }

    // An item takes at least one byte.
    private readonly void Need(ulong count)
    {
        if (count > (ulong)(bytes.Length - Read))
            throw Refuse($"{count} items or bytes", $"at most {bytes.Length - Read}, which are left");
    }

    private int Next() => Read < bytes.Length ? bytes[Read++] : throw Refuse("the end", "more metadata");

    private void Skip(long count)
    {
        Need(checked((ulong)count));
        Read += (int)count;
    }

    private long ZigZag()
    {
        ulong value = VarInt();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private ulong VarInt()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int next = Next();
            value |= (ulong)(next & 127) << shift;
            if (next < 128)
                return value;
        }
        throw Refuse("a number without end", "at most 64 bits");
    }

    private readonly GpuGradException Refuse(string found, string expected) => DataFault.At(name, offset + Read, $"{found} in its metadata", expected);
}
