using System.Numerics;
using ILGPU.Algorithms;
using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Frontend;

internal static partial class Intrinsics
{
    private static readonly Type[] BothMaths = [typeof(Math), typeof(MathF)];

    /// <summary>Math and MathF: instructions where there are, DeviceMath for the rest of MathF.</summary>
    private static void RegisterMath()
    {
        Register(BothMaths, "Abs", static c => IsUnsigned(c.ParameterType(0)) ? c[0] : Same(c, Op.Abs));
        Register(BothMaths, "Min", static c => Same(c, IsUnsigned(c.ParameterType(0)) ? Op.MinU : Op.Min));
        Register(BothMaths, "Max", static c => Same(c, IsUnsigned(c.ParameterType(0)) ? Op.MaxU : Op.Max));
        Register(BothMaths, "Sqrt", static c => Same(c, Op.Sqrt));
        Register(BothMaths, "Floor", static c => Same(c, Op.Floor));
        Register(BothMaths, "Ceiling", static c => Same(c, Op.Ceiling));
        Register(BothMaths, "Truncate", static c => Same(c, Op.Truncate));
        Register(BothMaths, "Round", static c => c.Arguments.Length == 1 ? Same(c, Op.RoundEven) : throw new UnsupportedException("rounding to digits is not available in kernels"));
        Register(BothMaths, "FusedMultiplyAdd", static c => Same(c, Op.Fma));
        Register(BothMaths, "CopySign", static c => Same(c, Op.CopySign));
        Register(typeof(Math), nameof(Math.BigMul), BigMul);
        Register(typeof(Math), nameof(Math.Clamp), Clamp);

        foreach (string name in new[] { "Exp", "Log", "Log2", "Log10", "Pow", "Sin", "Cos", "Tan", "Sinh", "Cosh", "Tanh", "Asin", "Acos", "Atan", "Atan2" })
            Register(typeof(MathF), name, c => c.Builder.Invoke(typeof(XMath).GetMethod(name, [.. c.Arguments.Select(_ => typeof(float))])!, c.Arguments));

        foreach (Type type in new[] { typeof(float), typeof(double) })
        {
            Register(type, nameof(float.IsNaN), static c => Test(c, c.Builder.Compare(Predicate.Ne, c.Scalar(0), c.Scalar(0))));
            Register(type, nameof(float.IsInfinity), static c => Test(c, c.Builder.Compare(Predicate.Eq, Magnitude(c), Infinity(c))));
            Register(type, nameof(float.IsFinite), static c => Test(c, c.Builder.Compare(Predicate.Lt, Magnitude(c), Infinity(c))));
        }
    }

    private static StackValue Same(IntrinsicCall call, Op op) =>
        StackValue.Of(call.ReturnType, Narrow(call, call.Builder.Emit(op, call.Scalar(0).Type, [.. call.Arguments.Select(a => a.Scalar)])));

    /// <summary>Results of narrow types wrap as C#'s do.</summary>
    private static Value Narrow(IntrinsicCall call, Value value) => Type.GetTypeCode(call.ReturnType) switch
    {
        TypeCode.SByte => call.Builder.Emit(Op.SExt8, IrType.I32, value),
        TypeCode.Int16 => call.Builder.Emit(Op.SExt16, IrType.I32, value),
        _ => value,
    };

    private static bool IsUnsigned(Type type) => Type.GetTypeCode(type) is TypeCode.Byte or TypeCode.UInt16 or TypeCode.UInt32 or TypeCode.UInt64 || type == typeof(nuint);

    private static StackValue Clamp(IntrinsicCall call)
    {
        bool unsigned = IsUnsigned(call.ParameterType(0));
        IrType type = call.Scalar(0).Type;
        Value low = call.Builder.Emit(unsigned ? Op.MinU : Op.Min, type, call.Scalar(0), call.Scalar(2));
        return StackValue.Of(call.ReturnType, call.Builder.Emit(unsigned ? Op.MaxU : Op.Max, type, low, call.Scalar(1)));
    }

    private static StackValue Test(IntrinsicCall call, Value condition) => call.Emit(Op.BoolToInt, IrType.I32, condition);

    private static Value Magnitude(IntrinsicCall call) => call.Builder.Emit(Op.Abs, call.Scalar(0).Type, call.Scalar(0));

    private static Constant Infinity(IntrinsicCall call) =>
        call.Scalar(0).Type == IrType.F32 ? Constant.Float(float.PositiveInfinity) : Constant.Float(double.PositiveInfinity);

    /// <summary>32 x 32 to 64 bits, or the high half of 64 x 64 with the low half through a reference.</summary>
    private static StackValue BigMul(IntrinsicCall call)
    {
        KernelBuilder b = call.Builder;
        bool unsigned = IsUnsigned(call.ParameterType(0));
        if (call.Arguments.Length == 3)
        {
            b.Store(call[2], call.Emit(Op.Mul, IrType.I64, call.Scalar(0), call.Scalar(1)));
            return call.Emit(unsigned ? Op.MulHiU : Op.MulHi, IrType.I64, call.Scalar(0), call.Scalar(1));
        }
        if (call.Scalar(0).Type != IrType.I32)
            throw new UnsupportedException("Math.BigMul to 128 bits is not available in kernels");
        Op extend = unsigned ? Op.ZExt : Op.SExt;
        return call.Emit(Op.Mul, IrType.I64, b.Emit(extend, IrType.I64, call.Scalar(0)), b.Emit(extend, IrType.I64, call.Scalar(1)));
    }

    /// <summary>Counting bits, and bits as other types.</summary>
    private static void RegisterBits()
    {
        Register(typeof(BitOperations), nameof(BitOperations.PopCount), static c => Count(c, Op.PopCount));
        Register(typeof(BitOperations), nameof(BitOperations.LeadingZeroCount), static c => Count(c, Op.LeadingZeros));
        Register(typeof(BitOperations), nameof(BitOperations.TrailingZeroCount), static c => Count(c, Op.TrailingZeros));
        Register(typeof(Half), nameof(Half.ToSingle), static c => c.Emit(Op.HalfToFloat, IrType.F32, c.Scalar(0)));
        Register(typeof(Half), nameof(Half.FromSingle), static c => c.Emit(Op.FloatToHalf, IrType.I32, c.Scalar(0)));
        foreach (string name in new[] { "SingleToInt32Bits", "SingleToUInt32Bits" })
            Register(typeof(BitConverter), name, static c => c.Emit(Op.Bitcast, IrType.I32, c.Scalar(0)));
        foreach (string name in new[] { "Int32BitsToSingle", "UInt32BitsToSingle" })
            Register(typeof(BitConverter), name, static c => c.Emit(Op.Bitcast, IrType.F32, c.Scalar(0)));
        foreach (string name in new[] { "DoubleToInt64Bits", "DoubleToUInt64Bits" })
            Register(typeof(BitConverter), name, static c => c.Emit(Op.Bitcast, IrType.I64, c.Scalar(0)));
        foreach (string name in new[] { "Int64BitsToDouble", "UInt64BitsToDouble" })
            Register(typeof(BitConverter), name, static c => c.Emit(Op.Bitcast, IrType.F64, c.Scalar(0)));
    }

    private static StackValue Count(IntrinsicCall call, Op op)
    {
        IrType type = call.Scalar(0).Type;
        Value count = call.Builder.Emit(op, type, call.Scalar(0));
        return StackValue.Of(type == IrType.I64 ? call.Builder.Emit(Op.Trunc, IrType.I32, count) : count);
    }
}
