using System.Globalization;

namespace ILGPU.Compiler.Ir;

/// <summary>Anything an instruction can take: a constant, an argument, a block of memory, another instruction.</summary>
internal abstract class Value(IrType type)
{
    public IrType Type { get; } = type;
}

/// <summary>A constant; floats by their bits, integers sign-extended, Bool as 0 or 1.</summary>
internal sealed class Constant(IrType type, long bits) : Value(type)
{
    public long Bits { get; } = bits;

    public float Single => BitConverter.Int32BitsToSingle((int)Bits);
    public double Double => BitConverter.Int64BitsToDouble(Bits);

    public static Constant Int(int value) => new(IrType.I32, value);
    public static Constant Long(long value) => new(IrType.I64, value);
    public static Constant Bool(bool value) => new(IrType.Bool, value ? 1 : 0);
    public static Constant Float(float value) => new(IrType.F32, BitConverter.SingleToInt32Bits(value));
    public static Constant Float(double value) => new(IrType.F64, BitConverter.DoubleToInt64Bits(value));
    public static Constant Integer(IrType type, long value) => new(type, type == IrType.I32 ? (int)value : value);
    public static Constant Zero(IrType type) => new(type, 0);

    public override string ToString() => Type switch
    {
        IrType.F32 => Single.ToString("R", CultureInfo.InvariantCulture) + "f",
        IrType.F64 => Double.ToString("R", CultureInfo.InvariantCulture),
        _ => Bits.ToString(CultureInfo.InvariantCulture),
    };
}

/// <summary>A scalar leaf of a kernel argument: so many bytes into so manieth parameter.</summary>
internal sealed class Parameter(int index, int offset, MemType mem) : Value(mem.Register())
{
    public int Index { get; } = index;
    public int Offset { get; } = offset;
    public MemType Mem { get; } = mem;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"arg{Index}+{Offset}");
}

internal enum SpecialRegister : byte
{
    GroupIdxX,
    GroupIdxY,
    GroupIdxZ,
    GroupDimX,
    GroupDimY,
    GroupDimZ,
    GridIdxX,
    GridIdxY,
    GridIdxZ,
    GridDimX,
    GridDimY,
    GridDimZ,
    LaneIdx,
    DynamicSharedBytes,
}

/// <summary>Where the thread is.</summary>
internal sealed class Special(SpecialRegister register) : Value(IrType.I32)
{
    public SpecialRegister Register { get; } = register;

    public override string ToString() => Register.ToString();
}

/// <summary>A block of memory of one thread: a local variable before promotion, a local array after.</summary>
internal sealed class Local(int id, int size, int alignment) : Value(IrType.Ptr)
{
    public int Id { get; } = id;
    public int Size { get; } = size;
    public int Alignment { get; } = alignment;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"local{Id}");
}

/// <summary>A block of memory of a group; size 0 is the block the launch sizes.</summary>
internal sealed class Shared(int id, int size, int alignment) : Value(IrType.Ptr)
{
    public int Id { get; } = id;
    public int Size { get; } = size;
    public int Alignment { get; } = alignment;
    public bool IsDynamic => Size == 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"shared{Id}");
}

/// <summary>Inline assembly: its text, and for each operand its type and which input and output it is (-1: none).</summary>
internal sealed record AsmText(string Template, AsmOperand[] Operands);

internal readonly record struct AsmOperand(MemType Mem, int Input, int Output);
