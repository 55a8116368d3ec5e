namespace GpuGrad.Training.Data.Formats;

/// <summary>Pictures and labels of a CIFAR file.</summary>
/// <param name="Pixels">Count × 3 × 32 × 32 bytes.</param>
/// <param name="Labels">The last label of each record: CIFAR-100's fine one.</param>
/// <param name="Coarse">CIFAR-100's coarse labels; null for CIFAR-10.</param>
internal sealed record CifarFile(byte[] Pixels, int[] Labels, int[]? Coarse);

/// <summary>
/// The binary form of CIFAR-10 and CIFAR-100: records of one label (or a coarse and a fine one) and 3 × 32 × 32 bytes, red
/// plane, green plane, blue plane.
/// </summary>
/// <remarks>Source: Krizhevsky, The CIFAR-10 dataset, "binary version".</remarks>
internal static class Cifar
{
    public const int Side = 32;
    public const int Pixels = 3 * Side * Side;

    private const int Coarse = 20, Fine = 100, Ten = 10;

    /// <param name="stream">A seekable stream; read to its end.</param>
    /// <param name="name">For messages.</param>
    /// <param name="hundred">Whether it is CIFAR-100, with two labels per record.</param>
    public static CifarFile Read(Stream stream, string name, bool hundred)
    {
        int record = Pixels + (hundred ? 2 : 1);
        long count = stream.Length / record;
        using var input = new ByteInput(stream, name, stream.Length);
        if (stream.Length % record != 0 || count == 0)
            throw input.Refuse($"{stream.Length} bytes", $"a multiple of {record}, the size of a record", count * record);
        if (count * Pixels > Array.MaxLength)
            throw input.Refuse($"{count} records", $"at most {Array.MaxLength / Pixels}");
        var pixels = new byte[count * Pixels];
        var labels = new int[count];
        int[]? coarse = hundred ? new int[count] : null;
        for (int i = 0; i < count; i++)
        {
            if (coarse is not null)
                coarse[i] = Label(input, Coarse);
            labels[i] = Label(input, hundred ? Fine : Ten);
            input.Fill(pixels.AsSpan(i * Pixels, Pixels), "a picture");
        }
        input.End();
        return new CifarFile(pixels, labels, coarse);
    }

    private static int Label(ByteInput input, int classes)
    {
        byte label = input.Byte("a label");
        return label < classes ? label : throw input.Refuse($"the label {label}", $"0 to {classes - 1}", input.Offset - 1);
    }
}
