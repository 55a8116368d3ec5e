using System.Reflection.Metadata;
using ILGPU.Compiler.Ir;
using Constant = ILGPU.Compiler.Ir.Constant;

namespace ILGPU.Compiler.Frontend;

/// <summary>Numbers: operators, comparisons, conversions.</summary>
internal sealed partial class KernelBuilder
{
    private bool TranslateArithmetic(IlInstruction il)
    {
        if (BinaryOp(il.Code) is { } op)
        {
            StackValue b = Pop(), a = Pop();
            Push(Binary(op, a, b));
            return true;
        }
        if (ConversionType(il.Code) is { } conversion)
        {
            Push(ConvertTo(conversion, Pop()));
            return true;
        }
        if (ComparePredicate(il.Code) is { } predicate)
        {
            StackValue b = Pop(), a = Pop();
            Push(Emit(Op.BoolToInt, IrType.I32, CompareStack(predicate, a, b)));
            return true;
        }
        switch (il.Code)
        {
            case ILOpCode.Neg:
                Value negated = Pop().Scalar;
                Push(Emit(Op.Neg, negated.Type, negated));
                return true;
            case ILOpCode.Not:
                Value inverted = Pop().Scalar;
                Push(Emit(Op.Not, inverted.Type, inverted));
                return true;
            case ILOpCode.Conv_r_un:
                Value unsigned = Pop().Scalar;
                // .NET takes the conv.r4 that usually follows together with it: one rounding.
                IrType real = frame.Method.CodeAt(il.Next) == ILOpCode.Conv_r4 ? IrType.F32 : IrType.F64;
                Push(unsigned.Type.IsFloat() ? unsigned : Emit(Op.UIntToFloat, real, unsigned));
                return true;
            case ILOpCode.Add_ovf or ILOpCode.Add_ovf_un or ILOpCode.Sub_ovf or ILOpCode.Sub_ovf_un or ILOpCode.Mul_ovf or ILOpCode.Mul_ovf_un
                or (>= ILOpCode.Conv_ovf_i1_un and <= ILOpCode.Conv_ovf_u_un) or (>= ILOpCode.Conv_ovf_i1 and <= ILOpCode.Conv_ovf_u8)
                or ILOpCode.Conv_ovf_i or ILOpCode.Conv_ovf_u:
                throw new UnsupportedException("it uses checked arithmetic, which would throw; use unchecked");
            default:
                return false;
        }
    }

    private StackValue Binary(Op op, StackValue a, StackValue b)
    {
        if (a.IsReference || b.IsReference)
            return PointerArithmetic(op, a, b);
        Value x = a.Scalar, y = b.Scalar;
        if (op is Op.Shl or Op.Shr or Op.ShrU)
            return StackValue.Of(Emit(op, x.Type, x, y.Type == IrType.I32 ? y : Emit(Op.Trunc, IrType.I32, y)));
        Widen(ref x, ref y);
        if (x.Type.IsFloat() && op is Op.Rem)
            return Remainder(x, y);
        return StackValue.Of(Emit(op, x.Type, x, y));
    }

    private StackValue Remainder(Value x, Value y)
    {
        if (x.Type != IrType.F32)
            throw new UnsupportedException("the remainder of doubles has no instruction on a device");
        Inline(IlMethod.Of(((Func<float, float, float>)Algorithms.DeviceMath.Rem).Method), [StackValue.Of(x), StackValue.Of(y)], out StackValue? result);
        return result!;
    }

    /// <summary>ref + bytes, as Unsafe code and pointers to fields do.</summary>
    private StackValue PointerArithmetic(Op op, StackValue a, StackValue b)
    {
        if (a.IsReference && b.IsReference || op is not (Op.Add or Op.Sub))
            throw new UnsupportedException("references are compared or combined");
        StackValue reference = a.IsReference ? a : b;
        Value bytes = a.IsReference ? b.Scalar : a.Scalar;
        if (op == Op.Sub)
            bytes = Emit(Op.Neg, bytes.Type, bytes);
        Value address = Emit(new Instruction(Op.Address, IrType.Ptr, AddressOf(reference), bytes) { Scale = 1 });
        return StackValue.Reference(reference.Type, address);
    }

    /// <summary>IL lets int meet native int, and float meet double.</summary>
    private void Widen(ref Value x, ref Value y)
    {
        if (x.Type == y.Type)
            return;
        IrType wide = x.Type is IrType.I64 or IrType.F64 ? x.Type : y.Type;
        x = ConvertScalar(x, wide);
        y = ConvertScalar(y, wide);
    }

    private Value CompareStack(Predicate predicate, StackValue a, StackValue b)
    {
        if (a.Literal != null || b.Literal != null)
            return CompareLiterals(predicate, a, b);
        Value x = a.IsReference ? AddressOf(a) : a.Scalar, y = b.IsReference ? AddressOf(b) : b.Scalar;
        Widen(ref x, ref y);
        return Compare(predicate, x, y);
    }

    private static Constant CompareLiterals(Predicate predicate, StackValue a, StackValue b)
    {
        bool equal = Equals(a.Literal, b.Literal);
        return predicate switch
        {
            Predicate.Eq => Constant.Bool(equal),
            Predicate.Ne or Predicate.GtU => Constant.Bool(!equal),
            _ => throw new UnsupportedException("objects are compared"),
        };
    }

    private StackValue ConvertTo(Type type, StackValue value)
    {
        // conv.u on a reference is how C# takes an address; it stays a reference.
        if (value.IsReference)
            return value;
        Value x = value.Scalar;
        bool unsigned = type == typeof(byte) || type == typeof(ushort) || type == typeof(uint) || type == typeof(ulong) || type == typeof(nuint);
        if (type == typeof(float) || type == typeof(double))
            return StackValue.Of(ToFloat(x, type == typeof(float) ? IrType.F32 : IrType.F64));
        if (type == typeof(long) || type == typeof(ulong) || type == typeof(nint) || type == typeof(nuint))
            return StackValue.Of(ToInt64(x, unsigned));
        Value word = x.Type switch
        {
            IrType.I64 => Emit(Op.Trunc, IrType.I32, x),
            IrType.F32 or IrType.F64 => Emit(type == typeof(uint) ? Op.FloatToUInt : Op.FloatToInt, IrType.I32, x),
            _ => x,
        };
        return StackValue.Of(Type.GetTypeCode(type) switch
        {
            TypeCode.SByte => Emit(Op.SExt8, IrType.I32, word),
            TypeCode.Byte => Emit(Op.ZExt8, IrType.I32, word),
            TypeCode.Int16 => Emit(Op.SExt16, IrType.I32, word),
            TypeCode.UInt16 => Emit(Op.ZExt16, IrType.I32, word),
            _ => word,
        });
    }

    private Value ToFloat(Value x, IrType type) => x.Type.IsFloat()
        ? x.Type == type ? x : Emit(Op.FloatToFloat, type, x)
        : Emit(Op.IntToFloat, type, x);

    private Value ToInt64(Value x, bool unsigned) => x.Type switch
    {
        IrType.I32 => Emit(unsigned ? Op.ZExt : Op.SExt, IrType.I64, x),
        IrType.F32 or IrType.F64 => Emit(unsigned ? Op.FloatToUInt : Op.FloatToInt, IrType.I64, x),
        _ => x,
    };

    private static Op? BinaryOp(ILOpCode code) => code switch
    {
        ILOpCode.Add => Op.Add,
        ILOpCode.Sub => Op.Sub,
        ILOpCode.Mul => Op.Mul,
        ILOpCode.Div => Op.Div,
        ILOpCode.Div_un => Op.DivU,
        ILOpCode.Rem => Op.Rem,
        ILOpCode.Rem_un => Op.RemU,
        ILOpCode.And => Op.And,
        ILOpCode.Or => Op.Or,
        ILOpCode.Xor => Op.Xor,
        ILOpCode.Shl => Op.Shl,
        ILOpCode.Shr => Op.Shr,
        ILOpCode.Shr_un => Op.ShrU,
        _ => null,
    };

    private static Predicate? ComparePredicate(ILOpCode code) => code switch
    {
        ILOpCode.Ceq => Predicate.Eq,
        ILOpCode.Cgt => Predicate.Gt,
        ILOpCode.Cgt_un => Predicate.GtU,
        ILOpCode.Clt => Predicate.Lt,
        ILOpCode.Clt_un => Predicate.LtU,
        _ => null,
    };

    private static Type? ConversionType(ILOpCode code) => code switch
    {
        ILOpCode.Conv_i1 => typeof(sbyte),
        ILOpCode.Conv_u1 => typeof(byte),
        ILOpCode.Conv_i2 => typeof(short),
        ILOpCode.Conv_u2 => typeof(ushort),
        ILOpCode.Conv_i4 => typeof(int),
        ILOpCode.Conv_u4 => typeof(uint),
        ILOpCode.Conv_i8 => typeof(long),
        ILOpCode.Conv_u8 => typeof(ulong),
        ILOpCode.Conv_i => typeof(nint),
        ILOpCode.Conv_u => typeof(nuint),
        ILOpCode.Conv_r4 => typeof(float),
        ILOpCode.Conv_r8 => typeof(double),
        _ => null,
    };
}
