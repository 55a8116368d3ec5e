namespace GpuGrad.Training.Exchange;

/// <summary>Element types of safetensors files, by ascending alignment: a file's tensors are sorted in descending order of it.</summary>
public enum SafetensorsType
{
    Bool,
    U8,
    I8,
    I16,
    U16,
    F16,
    BF16,
    I32,
    U32,
    F32,
    F64,
    I64,
    U64,
}

public static class SafetensorsTypes
{
    /// <summary>Bytes per element.</summary>
    public static int Size(this SafetensorsType type) => type switch
    {
        <= SafetensorsType.I8 => 1,
        <= SafetensorsType.BF16 => 2,
        <= SafetensorsType.F32 => 4,
        _ => 8,
    };

    /// <summary>The name in files, in capitals.</summary>
    public static string Name(this SafetensorsType type) => type == SafetensorsType.Bool ? "BOOL" : type.ToString();

    internal static SafetensorsType? Parse(string name)
    {
        foreach (SafetensorsType type in Enum.GetValues<SafetensorsType>())
        {
            if (type.Name() == name)
                return type;
        }
        return null;
    }
}

/// <summary>A tensor of a safetensors file.</summary>
/// <param name="Name">Any text; it is never used as a path.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar; a size may be 0.</param>
/// <param name="Offset">First byte in the file.</param>
/// <param name="Bytes">Bytes in the file.</param>
public sealed record SafetensorsTensor(string Name, SafetensorsType Type, IReadOnlyList<long> Shape, long Offset, long Bytes)
{
    public long Length => Bytes / Type.Size();

    public override string ToString() => $"'{Name}' {Type.Name()} [{string.Join(", ", Shape)}]";
}
