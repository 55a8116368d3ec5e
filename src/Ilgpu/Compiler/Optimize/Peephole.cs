using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>Operations that are one of their arguments, or a constant.</summary>
internal static class Peephole
{
    /// <summary>A value that already exists and equals the instruction, or null.</summary>
    public static Value? Fold(Instruction i)
    {
        if (ConstantFolder.Fold(i) is { } constant)
            return constant;
        return i.Op switch
        {
            Op.Add => IntegerConstant(i, 1) == 0 ? i.Args[0] : IntegerConstant(i, 0) == 0 ? i.Args[1] : null,
            Op.Sub => IntegerConstant(i, 1) == 0 || IsPositiveZero(i.Args[1]) ? i.Args[0] : SameIntegers(i) ? Zero(i) : null,
            Op.Mul => FoldMultiply(i),
            Op.Div or Op.DivU => IntegerConstant(i, 1) == 1 || IsOne(i.Args[1]) ? i.Args[0] : null,
            Op.And => FoldAnd(i),
            Op.Or => IntegerConstant(i, 1) == 0 ? i.Args[0] : IntegerConstant(i, 0) == 0 ? i.Args[1] : i.Args[0] == i.Args[1] ? i.Args[0] : null,
            Op.Xor => IntegerConstant(i, 1) == 0 ? i.Args[0] : IntegerConstant(i, 0) == 0 ? i.Args[1] : SameIntegers(i) ? Zero(i) : null,
            Op.Shl or Op.Shr or Op.ShrU => IntegerConstant(i, 1) == 0 ? i.Args[0] : null,
            Op.Neg or Op.Not => i.Args[0] is Instruction inner && inner.Op == i.Op ? inner.Args[0] : null,
            Op.Abs => i.Args[0] is Instruction { Op: Op.Abs } inner && inner.Type.IsFloat() ? inner : null,
            Op.Select => i.Args[0] is Constant c ? i.Args[c.Bits != 0 ? 1 : 2] : i.Args[1] == i.Args[2] ? i.Args[1] : null,
            Op.Compare => FoldCompare(i),
            Op.Trunc => i.Args[0] is Instruction { Op: Op.SExt or Op.ZExt } wide ? wide.Args[0] : null,
            Op.SExt8 or Op.ZExt8 or Op.SExt16 or Op.ZExt16 => IsAlready(i.Op, i.Args[0]) ? i.Args[0] : null,
            Op.Bitcast => FoldBitcast(i),
            Op.FloatToFloat => i.Args[0] is Instruction { Op: Op.FloatToFloat } inner && inner.Type == IrType.F64 && i.Type == IrType.F32 ? inner.Args[0] : null,
            Op.Address => i.Args.Length == 1 && i.Offset == 0 || i.Args.Length == 2 && i.Offset == 0 && IntegerConstant(i, 1) == 0 ? i.Args[0] : null,
            Op.Phi => FoldPhi(i),
            _ => null,
        };
    }

    private static long? IntegerConstant(Instruction i, int index) =>
        i.Args[index] is Constant { Type: IrType.I32 or IrType.I64 or IrType.Bool } c ? c.Bits : null;

    private static bool IsPositiveZero(Value v) => v is Constant c && c.Type.IsFloat() && c.Bits == 0;

    private static bool IsOne(Value v) => v is Constant { Type: IrType.F32, Single: 1f } or Constant { Type: IrType.F64, Double: 1.0 };

    private static bool SameIntegers(Instruction i) => i.Args[0] == i.Args[1] && !i.Type.IsFloat();

    private static Constant Zero(Instruction i) => Constant.Zero(i.Type);

    private static Value? FoldMultiply(Instruction i)
    {
        for (int k = 0; k < 2; k++)
        {
            if (IntegerConstant(i, k) == 1 || IsOne(i.Args[k]))
                return i.Args[1 - k];
            if (IntegerConstant(i, k) == 0)
                return Zero(i);
        }
        return null;
    }

    private static Value? FoldAnd(Instruction i)
    {
        for (int k = 0; k < 2; k++)
        {
            long? c = IntegerConstant(i, k);
            if (c == 0)
                return Zero(i);
            if (c == -1 || i.Type == IrType.Bool && c == 1)
                return i.Args[1 - k];
            if (c == 0xFF && IsAlready(Op.ZExt8, i.Args[1 - k]) || c == 0xFFFF && IsAlready(Op.ZExt16, i.Args[1 - k]))
                return i.Args[1 - k];
        }
        return i.Args[0] == i.Args[1] ? i.Args[0] : null;
    }

    private static Value? FoldCompare(Instruction i)
    {
        if (i.Args[0] == i.Args[1] && !i.Args[0].Type.IsFloat())
            return Constant.Bool(i.Predicate is Predicate.Eq or Predicate.Le or Predicate.Ge or Predicate.LeU or Predicate.GeU);
        if (i.Args[0] is not Instruction { Op: Op.BoolToInt } flag || i.Args[1] is not Constant c)
            return null;
        bool same = c.Bits == 0 && i.Predicate is Predicate.Ne or Predicate.Gt or Predicate.GtU || c.Bits == 1 && i.Predicate is Predicate.Eq;
        return same ? flag.Args[0] : null;
    }

    /// <summary>The value already fits the narrow type that the conversion would cut it to.</summary>
    private static bool IsAlready(Op conversion, Value value)
    {
        if (value is Parameter p)
            return Fits(conversion, p.Mem);
        if (value is not Instruction inner)
            return false;
        if (inner.Op == Op.Load)
            return Fits(conversion, inner.Mem);
        return inner.Op == conversion || inner.Op == Op.BoolToInt
            || conversion == Op.ZExt16 && inner.Op is Op.ZExt8 or Op.FloatToHalf || conversion == Op.SExt16 && inner.Op is Op.SExt8 or Op.ZExt8;
    }

    private static bool Fits(Op conversion, MemType mem) => conversion switch
    {
        Op.SExt8 => mem == MemType.I8,
        Op.ZExt8 => mem == MemType.U8,
        Op.SExt16 => mem is MemType.I16 or MemType.I8 or MemType.U8,
        _ => mem is MemType.U16 or MemType.U8,
    };

    private static Value? FoldBitcast(Instruction i)
    {
        if (i.Args[0].Type == i.Type)
            return i.Args[0];
        return i.Args[0] is Instruction { Op: Op.Bitcast } inner && inner.Args[0].Type == i.Type ? inner.Args[0] : null;
    }

    /// <summary>All arguments the same, not counting the phi itself.</summary>
    private static Value? FoldPhi(Instruction phi)
    {
        Value? only = null;
        foreach (Value argument in phi.Args)
        {
            if (argument == phi || argument == only || only is Constant a && argument is Constant b && a.Type == b.Type && a.Bits == b.Bits)
                continue;
            if (only != null)
                return null;
            only = argument;
        }
        return only;
    }
}
