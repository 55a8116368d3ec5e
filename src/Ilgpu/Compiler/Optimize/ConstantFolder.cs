using System.Numerics;
using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>Operations on constants, with the results every device must give.</summary>
internal static class ConstantFolder
{
    /// <summary>The result, or null where an argument is no constant or the operation has none at compile time.</summary>
    public static Constant? Fold(Instruction instruction)
    {
        foreach (Value argument in instruction.Args)
        {
            if (argument is not Constant)
                return null;
        }
        if (instruction.Args.Length == 0 || instruction.TouchesMemory)
            return null;
        Constant a = (Constant)instruction.Args[0];
        Constant? b = instruction.Args.Length > 1 ? (Constant)instruction.Args[1] : null;
        if (instruction.Op == Op.Compare)
            return Constant.Bool(Compare(instruction.Predicate, a, b!));
        if (instruction.Op == Op.Select)
            return (Constant)instruction.Args[a.Bits != 0 ? 1 : 2];
        return Convert(instruction.Op, instruction.Type, a) ?? instruction.Type switch
        {
            IrType.Bool => FoldBool(instruction.Op, a.Bits != 0, b?.Bits != 0),
            IrType.I32 => FoldInt(instruction.Op, (int)a.Bits, (int)(b?.Bits ?? 0)) is { } x ? Constant.Int(x) : null,
            IrType.I64 => FoldLong(instruction.Op, a.Bits, b?.Bits ?? 0) is { } x ? Constant.Long(x) : null,
            IrType.F32 => FoldFloat(instruction, a, b),
            IrType.F64 => FoldDouble(instruction, a, b),
            _ => null,
        };
    }

    private static bool Compare(Predicate predicate, Constant a, Constant b)
    {
        if (a.Type.IsFloat())
        {
            double x = a.Type == IrType.F32 ? a.Single : a.Double, y = b.Type == IrType.F32 ? b.Single : b.Double;
            return predicate switch
            {
                Predicate.Eq => x == y,
                Predicate.Ne => x != y,
                Predicate.Lt => x < y,
                Predicate.Le => x <= y,
                Predicate.Gt => x > y,
                Predicate.Ge => x >= y,
                Predicate.LtU => !(x >= y),
                Predicate.LeU => !(x > y),
                Predicate.GtU => !(x <= y),
                _ => !(x < y),
            };
        }
        // Sign extension keeps the unsigned order too.
        ulong u = (ulong)a.Bits, v = (ulong)b.Bits;
        return predicate switch
        {
            Predicate.Eq => a.Bits == b.Bits,
            Predicate.Ne => a.Bits != b.Bits,
            Predicate.Lt => a.Bits < b.Bits,
            Predicate.Le => a.Bits <= b.Bits,
            Predicate.Gt => a.Bits > b.Bits,
            Predicate.Ge => a.Bits >= b.Bits,
            Predicate.LtU => u < v,
            Predicate.LeU => u <= v,
            Predicate.GtU => u > v,
            _ => u >= v,
        };
    }

    private static Constant? Convert(Op op, IrType type, Constant a)
    {
        double real = a.Type == IrType.F32 ? a.Single : a.Double;
        return op switch
        {
            Op.BoolToInt => Constant.Int((int)a.Bits),
            Op.SExt8 => Constant.Int((sbyte)a.Bits),
            Op.SExt16 => Constant.Int((short)a.Bits),
            Op.ZExt8 => Constant.Int((byte)a.Bits),
            Op.ZExt16 => Constant.Int((ushort)a.Bits),
            Op.SExt => Constant.Long((int)a.Bits),
            Op.ZExt => Constant.Long((uint)a.Bits),
            Op.Trunc => Constant.Int((int)a.Bits),
            Op.IntToFloat when type == IrType.F32 => Constant.Float(a.Type == IrType.I32 ? (int)a.Bits : (float)a.Bits),
            Op.IntToFloat => Constant.Float((double)a.Bits),
            Op.UIntToFloat when type == IrType.F32 => Constant.Float(a.Type == IrType.I32 ? (uint)a.Bits : (float)(ulong)a.Bits),
            Op.UIntToFloat => Constant.Float(a.Type == IrType.I32 ? (uint)a.Bits : (double)(ulong)a.Bits),
            Op.FloatToInt when type == IrType.I32 => Constant.Int((int)real),
            Op.FloatToInt => Constant.Long((long)real),
            Op.FloatToUInt when type == IrType.I32 => Constant.Int((int)(uint)real),
            Op.FloatToUInt => Constant.Long((long)(ulong)real),
            Op.FloatToFloat => type == IrType.F32 ? Constant.Float((float)real) : Constant.Float(real),
            Op.Bitcast => type == IrType.I32 ? Constant.Int((int)a.Bits) : new Constant(type, a.Bits),
            Op.HalfToFloat => Constant.Float(Half.ToSingle((ushort)a.Bits)),
            Op.FloatToHalf => Constant.Int(Half.FromSingle(a.Single)),
            _ => null,
        };
    }

    private static Constant? FoldBool(Op op, bool a, bool b) => op switch
    {
        Op.And => Constant.Bool(a && b),
        Op.Or => Constant.Bool(a || b),
        Op.Xor => Constant.Bool(a != b),
        Op.Not => Constant.Bool(!a),
        _ => null,
    };

    private static int? FoldInt(Op op, int a, int b) => op switch
    {
        Op.Add => a + b,
        Op.Sub => a - b,
        Op.Mul => a * b,
        Op.Div when b != 0 && !(a == int.MinValue && b == -1) => a / b,
        Op.DivU when b != 0 => (int)((uint)a / (uint)b),
        Op.Rem when b != 0 && b != -1 => a % b,
        Op.RemU when b != 0 => (int)((uint)a % (uint)b),
        Op.Neg => -a,
        Op.Abs => a < 0 ? -a : a,
        Op.Min => Math.Min(a, b),
        Op.MinU => (int)Math.Min((uint)a, (uint)b),
        Op.Max => Math.Max(a, b),
        Op.MaxU => (int)Math.Max((uint)a, (uint)b),
        Op.MulHi => (int)(((long)a * b) >> 32),
        Op.MulHiU => (int)(((ulong)(uint)a * (uint)b) >> 32),
        Op.And => a & b,
        Op.Or => a | b,
        Op.Xor => a ^ b,
        Op.Not => ~a,
        Op.Shl => a << b,
        Op.Shr => a >> b,
        Op.ShrU => (int)((uint)a >> b),
        Op.PopCount => BitOperations.PopCount((uint)a),
        Op.LeadingZeros => BitOperations.LeadingZeroCount((uint)a),
        Op.TrailingZeros => BitOperations.TrailingZeroCount(a),
        _ => null,
    };

    private static long? FoldLong(Op op, long a, long b) => op switch
    {
        Op.Add => a + b,
        Op.Sub => a - b,
        Op.Mul => a * b,
        Op.Div when b != 0 && !(a == long.MinValue && b == -1) => a / b,
        Op.DivU when b != 0 => (long)((ulong)a / (ulong)b),
        Op.Rem when b != 0 && b != -1 => a % b,
        Op.RemU when b != 0 => (long)((ulong)a % (ulong)b),
        Op.Neg => -a,
        Op.Abs => a < 0 ? -a : a,
        Op.Min => Math.Min(a, b),
        Op.MinU => (long)Math.Min((ulong)a, (ulong)b),
        Op.Max => Math.Max(a, b),
        Op.MaxU => (long)Math.Max((ulong)a, (ulong)b),
        Op.MulHi => Math.BigMul(a, b, out _),
        Op.MulHiU => (long)Math.BigMul((ulong)a, (ulong)b, out _),
        Op.And => a & b,
        Op.Or => a | b,
        Op.Xor => a ^ b,
        Op.Not => ~a,
        Op.Shl => a << (int)b,
        Op.Shr => a >> (int)b,
        Op.ShrU => (long)((ulong)a >> (int)b),
        Op.PopCount => BitOperations.PopCount((ulong)a),
        Op.LeadingZeros => BitOperations.LeadingZeroCount((ulong)a),
        Op.TrailingZeros => BitOperations.TrailingZeroCount(a),
        _ => null,
    };

    private static Constant? FoldFloat(Instruction instruction, Constant x, Constant? y)
    {
        float a = x.Single, b = y?.Type == IrType.F32 ? y.Single : 0;
        float? result = instruction.Op switch
        {
            Op.Add => a + b,
            Op.Sub => a - b,
            Op.Mul => a * b,
            Op.Div => a / b,
            Op.Neg => -a,
            Op.Abs => MathF.Abs(a),
            Op.Min => MathF.Min(a, b),
            Op.Max => MathF.Max(a, b),
            Op.Fma => MathF.FusedMultiplyAdd(a, b, ((Constant)instruction.Args[2]).Single),
            Op.Sqrt => MathF.Sqrt(a),
            Op.Floor => MathF.Floor(a),
            Op.Ceiling => MathF.Ceiling(a),
            Op.Truncate => MathF.Truncate(a),
            Op.RoundEven => MathF.Round(a),
            Op.CopySign => MathF.CopySign(a, b),
            _ => null,
        };
        return result is { } value ? Constant.Float(value) : null;
    }

    private static Constant? FoldDouble(Instruction instruction, Constant x, Constant? y)
    {
        double a = x.Double, b = y?.Type == IrType.F64 ? y.Double : 0;
        double? result = instruction.Op switch
        {
            Op.Add => a + b,
            Op.Sub => a - b,
            Op.Mul => a * b,
            Op.Div => a / b,
            Op.Neg => -a,
            Op.Abs => Math.Abs(a),
            Op.Min => Math.Min(a, b),
            Op.Max => Math.Max(a, b),
            Op.Fma => Math.FusedMultiplyAdd(a, b, ((Constant)instruction.Args[2]).Double),
            Op.Sqrt => Math.Sqrt(a),
            Op.Floor => Math.Floor(a),
            Op.Ceiling => Math.Ceiling(a),
            Op.Truncate => Math.Truncate(a),
            Op.RoundEven => Math.Round(a),
            Op.CopySign => Math.CopySign(a, b),
            _ => null,
        };
        return result is { } value ? Constant.Float(value) : null;
    }
}
