namespace GpuGrad.Training.Data.Formats;

/// <summary>What an IDX or npy file says of its numbers.</summary>
/// <param name="Sizes">Length of each axis.</param>
/// <param name="Type">What the numbers are.</param>
/// <param name="BigEndian">Whether the high byte comes first.</param>
/// <param name="Fortran">Whether the first index runs fastest.</param>
internal sealed record ArrayHeader(int[] Sizes, NumberType Type, bool BigEndian, bool Fortran)
{
    /// <summary>Offset of the first number.</summary>
    public long Start { get; private init; }

    /// <summary>All numbers.</summary>
    public long Count { get; private init; }

    /// <summary>Bytes of all numbers.</summary>
    public long Bytes => Count * Numbers.SizeOf(Type);

    /// <summary>The same, once it is certain that the input holds as many numbers as the sizes say, and nothing more.</summary>
    /// <param name="input">At the first number.</param>
    /// <param name="sizes">As they were stated.</param>
    /// <param name="type">What the numbers are.</param>
    /// <param name="bigEndian">Whether the high byte comes first.</param>
    /// <param name="fortran">Whether the first index runs fastest.</param>
    public static ArrayHeader Of(ByteInput input, ReadOnlySpan<long> sizes, NumberType type, bool bigEndian, bool fortran = false)
    {
        long count = Numbers.Product(input, sizes);
        Numbers.RequireLeft(input, type, count);
        return new ArrayHeader(Array.ConvertAll(sizes.ToArray(), s => (int)s), type, bigEndian, fortran) { Start = input.Offset, Count = count };
    }

    /// <summary>The numbers, the last thing in the input.</summary>
    public NumberArray ReadNumbers(ByteInput input)
    {
        Array values = Numbers.Read(input, Type, Count, BigEndian);
        input.End();
        return new NumberArray(Sizes, Type, values);
    }
}
