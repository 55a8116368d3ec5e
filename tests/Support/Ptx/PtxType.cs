namespace GpuGrad.Tests.Support.Ptx;

/// <summary>The fundamental types of PTX.</summary>
internal enum PtxType
{
    Pred,
    B8,
    B16,
    B32,
    B64,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F16,
    F32,
    F64,
}

internal static class PtxTypes
{
    private static readonly Dictionary<string, PtxType> ByName = Enum.GetValues<PtxType>().ToDictionary(t => t.ToString().ToLowerInvariant());

    public static PtxType? Parse(string name) => ByName.TryGetValue(name, out PtxType type) ? type : null;

    public static int Size(this PtxType type) => type switch
    {
        PtxType.Pred => 0,
        PtxType.B8 or PtxType.U8 or PtxType.S8 => 1,
        PtxType.B16 or PtxType.U16 or PtxType.S16 or PtxType.F16 => 2,
        PtxType.B32 or PtxType.U32 or PtxType.S32 or PtxType.F32 => 4,
        _ => 8,
    };

    public static int Bits(this PtxType type) => type.Size() * 8;
    public static bool IsFloat(this PtxType type) => type is PtxType.F16 or PtxType.F32 or PtxType.F64;
    public static bool IsSigned(this PtxType type) => type is PtxType.S8 or PtxType.S16 or PtxType.S32 or PtxType.S64;
    public static bool IsUnsigned(this PtxType type) => type is PtxType.U8 or PtxType.U16 or PtxType.U32 or PtxType.U64;
    public static bool IsInteger(this PtxType type) => type.IsSigned() || type.IsUnsigned();
    public static bool IsBits(this PtxType type) => type is PtxType.B8 or PtxType.B16 or PtxType.B32 or PtxType.B64;
    public static string Name(this PtxType type) => "." + type.ToString().ToLowerInvariant();

    /// <summary>
    /// PTX's rule of agreement: equal sizes, and equal kinds except that bits agree with everything and signs do not matter.
    /// </summary>
    public static bool Agrees(PtxType instruction, PtxType register)
    {
        if (instruction == PtxType.Pred || register == PtxType.Pred)
            return instruction == register;
        if (instruction.Size() != register.Size())
            return false;
        return instruction.IsBits() || register.IsBits() || instruction.IsFloat() == register.IsFloat();
    }

    /// <summary>Loads, stores and conversions let a register be wider than the type, if neither is a float then.</summary>
    public static bool AgreesWidened(PtxType instruction, PtxType register) => Agrees(instruction, register)
        || instruction != PtxType.Pred && register != PtxType.Pred && register.Size() > instruction.Size() && !register.IsFloat() && !instruction.IsFloat();
}

/// <summary>What ptxas would refuse: the module never runs.</summary>
public sealed class PtxSyntaxException(int line, string message) : Exception($"line {line}: {message}")
{
    public int Line => line;
}

/// <summary>What goes wrong while a kernel runs: here it is an error where a device might go on with any result.</summary>
public sealed class PtxFaultException(string message) : Exception(message);
