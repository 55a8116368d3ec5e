using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>
/// Bounds of integers, from how they are made. Threads and groups are counted from zero, which is what most indices come from; so
/// divisions by powers of two become shifts and masks, and constants can leave the index of a shared address without
/// the rest becoming negative.
/// </summary>
internal static class Ranges
{
    private const int MaxDepth = 12;
    private const int MaxGroup = 65535;

    /// <summary>Bounds that hold whatever happens; null if none are known.</summary>
    public static (long Min, long Max)? Of(Value value) => Of(value, MaxDepth);

    public static bool IsNonNegative(Value value) => Of(value) is { Min: >= 0 };

    /// <summary>
    /// Not negative unless a sum of such values overflows, which no valid index does. Good enough for the parts of an address.
    /// </summary>
    public static bool IsNonNegativeIndex(Value value) => IsNonNegativeIndex(value, MaxDepth, null);

    private static (long Min, long Max)? Of(Value value, int depth)
    {
        switch (value)
        {
            case Constant { Type: IrType.I32 or IrType.I64 } constant:
                return (constant.Bits, constant.Bits);
            case Special special:
                return (special.Register >= SpecialRegister.GroupDimX && special.Register <= SpecialRegister.GroupDimZ ? 1 : 0, special.Register switch
                {
                    SpecialRegister.LaneIdx => 31,
                    <= SpecialRegister.GroupDimZ => MaxGroup,
                    _ => int.MaxValue,
                });
            case Parameter parameter:
                return Memory(parameter.Mem);
            case Instruction instruction when depth > 0 && instruction.Type is IrType.I32 or IrType.I64:
                return OfInstruction(instruction, depth - 1) is { } range && (instruction.Type == IrType.I64 || range.Min >= int.MinValue && range.Max <= int.MaxValue) ? range : null;
            default:
                return null;
        }
    }

    private static (long, long)? Memory(MemType mem) => mem switch
    {
        MemType.U8 => (0, 255),
        MemType.I8 => (-128, 127),
        MemType.U16 => (0, 65535),
        MemType.I16 => (-32768, 32767),
        _ => null,
    };

    private static (long Min, long Max)? OfInstruction(Instruction i, int depth)
    {
        (long Min, long Max)? A() => Of(i.Args[0], depth);
        (long Min, long Max)? B() => Of(i.Args[1], depth);
        switch (i.Op)
        {
            case Op.Load:
                return Memory(i.Mem);
            case Op.BoolToInt:
                return (0, 1);
            case Op.ZExt8:
                return (0, 255);
            case Op.ZExt16:
                return (0, 65535);
            case Op.PopCount or Op.LeadingZeros or Op.TrailingZeros:
                return (0, 64);
            case Op.SExt or Op.SExt8 or Op.SExt16 or Op.Trunc:
                return A() is { } same && Fits(i.Op, same) ? same : null;
            case Op.ZExt:
                return A() is { Min: >= 0 } unsigned ? unsigned : (0, uint.MaxValue);
            case Op.Add when A() is { } a && B() is { } b:
                return Small(a) && Small(b) ? (a.Min + b.Min, a.Max + b.Max) : null;
            case Op.Sub when A() is { } a && B() is { } b:
                return Small(a) && Small(b) ? (a.Min - b.Max, a.Max - b.Min) : null;
            case Op.Mul when A() is { Min: >= 0 } a && B() is { Min: >= 0 } b:
                return Small(a) && Small(b) ? (a.Min * b.Min, a.Max * b.Max) : null;
            case Op.And when i.Args[1] is Constant { Bits: >= 0 } mask:
                return (0, mask.Bits);
            case Op.ShrU when i.Args[1] is Constant { Bits: > 0 } shift:
                int bits = i.Type == IrType.I32 ? 32 : 64;
                return A() is { Min: >= 0 } shifted ? (shifted.Min >> (int)shift.Bits, shifted.Max >> (int)shift.Bits) : (0, (1L << Math.Min(62, bits - (int)shift.Bits)) - 1);
            case Op.Shr when i.Args[1] is Constant { Bits: > 0 and < 32 } arithmetic && A() is { } a:
                return (a.Min >> (int)arithmetic.Bits, a.Max >> (int)arithmetic.Bits);
            case Op.Div or Op.DivU when i.Args[1] is Constant { Bits: > 0 } divisor && A() is { Min: >= 0 } a:
                return (a.Min / divisor.Bits, a.Max / divisor.Bits);
            case Op.Rem or Op.RemU when i.Args[1] is Constant { Bits: > 0 } modulus && A() is { Min: >= 0 } a:
                return (0, Math.Min(a.Max, modulus.Bits - 1));
            case Op.Select when Of(i.Args[1], depth) is { } a && Of(i.Args[2], depth) is { } b:
                return (Math.Min(a.Min, b.Min), Math.Max(a.Max, b.Max));
            case Op.Min when A() is { } a && B() is { } b:
                return (Math.Min(a.Min, b.Min), Math.Min(a.Max, b.Max));
            case Op.Max when A() is { } a && B() is { } b:
                return (Math.Max(a.Min, b.Min), Math.Max(a.Max, b.Max));
            default:
                return null;
        }
    }

    private static bool Fits(Op op, (long Min, long Max) range) => op switch
    {
        Op.SExt8 => range.Min >= -128 && range.Max <= 127,
        Op.SExt16 => range.Min >= -32768 && range.Max <= 32767,
        Op.Trunc => range.Min >= int.MinValue && range.Max <= int.MaxValue,
        _ => true,
    };

    /// <summary>Small enough that sums and products stay exact in a long.</summary>
    private static bool Small((long Min, long Max) range) => range.Min >= int.MinValue && range.Max <= uint.MaxValue >> 1;

    private static bool IsNonNegativeIndex(Value value, int depth, Instruction? phi)
    {
        if (value == phi || Of(value) is { Min: >= 0 })
            return true;
        if (value is not Instruction i || depth == 0)
            return false;
        bool All(IEnumerable<Value> values, Instruction? through) => values.All(v => IsNonNegativeIndex(v, depth - 1, through));
        return i.Op switch
        {
            Op.Add or Op.Mul or Op.Div or Op.DivU or Op.Rem or Op.RemU or Op.Min or Op.SExt or Op.ZExt or Op.Trunc => All(i.Args, phi),
            Op.Shr => IsNonNegativeIndex(i.Args[0], depth - 1, phi),
            Op.Select => All(i.Args[1..], phi),
            Op.Phi when phi == null => All(i.Args, i),
            _ => false,
        };
    }
}
