namespace GpuGrad.Training.Data.Formats;

/// <summary>Header of an IDX or npy file.</summary>
/// <param name="Sizes">Length of each axis.</param>
/// <param name="Type">Type of the numbers.</param>
/// <param name="BigEndian">Whether the high byte comes first.</param>
/// <param name="Fortran">Whether the first index varies fastest.</param>
internal sealed record ArrayHeader(int[] Sizes, NumberType Type, bool BigEndian, bool Fortran)
{
    /// <summary>Offset of the first number.</summary>
    public long Start { get; private init; }

    /// <summary>Number of elements.</summary>
    public long Count { get; private init; }

    /// <summary>Bytes of all numbers.</summary>
    public long Bytes => Count * NumberBytes.SizeOf(Type);

    /// <summary>Makes a header after verifying that the input holds exactly as many numbers as the sizes say.</summary>
    /// <param name="input">Positioned at the first number.</param>
    /// <param name="sizes">The stated sizes.</param>
    /// <param name="type">Type of the numbers.</param>
    /// <param name="bigEndian">Whether the high byte comes first.</param>
    /// <param name="fortran">Whether the first index varies fastest.</param>
    public static ArrayHeader Of(ByteInput input, ReadOnlySpan<long> sizes, NumberType type, bool bigEndian, bool fortran = false)
    {
        long count = NumberBytes.Product(input, sizes);
        NumberBytes.RequireLeft(input, type, count);
        return new ArrayHeader(Array.ConvertAll(sizes.ToArray(), s => (int)s), type, bigEndian, fortran) { Start = input.Offset, Count = count };
    }

    /// <summary>Reads the numbers, which must end the input.</summary>
    public NumberArray ReadNumbers(ByteInput input)
    {
        Array values = NumberBytes.Read(input, Type, Count, BigEndian);
        input.End();
        return new NumberArray(Sizes, Type, values);
    }
}
