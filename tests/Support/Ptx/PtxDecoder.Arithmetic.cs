namespace GpuGrad.Tests.Support.Ptx;

internal sealed partial class PtxDecoder
{
    private static readonly PtxType[] Integers = [PtxType.S32, PtxType.U32, PtxType.S64, PtxType.U64, PtxType.S16, PtxType.U16];
    private static readonly PtxType[] Unsigned = [PtxType.U16, PtxType.U32, PtxType.U64];
    private static readonly PtxType[] Floats = [PtxType.F32, PtxType.F64];
    private static readonly PtxType[] Numbers = [.. Integers, .. Floats];
    private static readonly PtxType[] BitTypes = [PtxType.B16, PtxType.B32, PtxType.B64];
    private static readonly PtxType[] LogicTypes = [PtxType.Pred, .. BitTypes];

    private static float F(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);
    private static ulong U(float value) => BitConverter.SingleToUInt32Bits(value);
    private static double D(ulong bits) => BitConverter.UInt64BitsToDouble(bits);
    private static ulong U(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static long Signed(ulong value, PtxType type) => type.Size() switch
    {
        1 => (sbyte)value,
        2 => (short)value,
        4 => (int)value,
        _ => (long)value,
    };

    private bool DecodeArithmetic(string name)
    {
        switch (name)
        {
            case "add" or "sub":
                DecodeAdd(name);
                return true;
            case "mul":
                DecodeMul();
                return true;
            case "mad":
                DecodeMad();
                return true;
            case "fma":
                DecodeFma();
                return true;
            case "div" or "rem":
                DecodeDiv(name);
                return true;
            case "min" or "max":
                DecodeMinMax(name);
                return true;
            case "neg" or "abs":
                DecodeSign(name);
                return true;
            case "and" or "or" or "xor" or "not":
                DecodeLogic(name);
                return true;
            case "shl" or "shr":
                DecodeShift(name);
                return true;
            case "popc" or "clz" or "brev":
                DecodeCount(name);
                return true;
            case "setp":
                DecodeSetp();
                return true;
            case "testp":
                DecodeTestp();
                return true;
            case "selp":
                DecodeSelp();
                return true;
            case "sqrt" or "rcp" or "rsqrt" or "ex2" or "lg2" or "sin" or "cos" or "tanh":
                DecodeFunction(name);
                return true;
            case "copysign":
                DecodeCopySign();
                return true;
            case "prmt" or "lop3":
                DecodeBytes(name);
                return true;
            default:
                return false;
        }
    }

    private (int D, int A, int B) ThreeOperands(PtxType type)
    {
        Count(3);
        return (Destination(at.Operands[0], type), Source(at.Operands[1], type), Source(at.Operands[2], type));
    }

    private void DecodeAdd(string name)
    {
        bool rounded = modifiers.Take("rn") != null;
        PtxType type = modifiers.Type(rounded ? Floats : Numbers);
        (int d, int a, int b) = ThreeOperands(type);
        ulong mask = Mask(type.Bits());
        Binary(d, a, b, (name, type) switch
        {
            ("add", PtxType.F32) => (x, y) => U(F(x) + F(y)),
            ("add", PtxType.F64) => (x, y) => U(D(x) + D(y)),
            ("add", _) => (x, y) => (x + y) & mask,
            (_, PtxType.F32) => (x, y) => U(F(x) - F(y)),
            (_, PtxType.F64) => (x, y) => U(D(x) - D(y)),
            _ => (x, y) => (x - y) & mask,
        });
    }

    private void DecodeMul()
    {
        string? half = modifiers.Take("lo", "hi", "wide", "rn");
        PtxType type = modifiers.Type(half is null or "rn" ? Floats : Integers);
        if (half == "wide")
        {
            Count(3);
            Binary(Destination(at.Operands[0], Wide(type)), Source(at.Operands[1], type), Source(at.Operands[2], type), WideProduct(type));
            return;
        }
        (int d, int a, int b) = ThreeOperands(type);
        ulong mask = Mask(type.Bits());
        Binary(d, a, b, type switch
        {
            PtxType.F32 => (x, y) => U(F(x) * F(y)),
            PtxType.F64 => (x, y) => U(D(x) * D(y)),
            _ when half == "lo" => (x, y) => (x * y) & mask,
            _ => HighProduct(type),
        });
    }

    private PtxType Wide(PtxType type) => type switch
    {
        PtxType.S32 => PtxType.S64,
        PtxType.U32 => PtxType.U64,
        PtxType.S16 => PtxType.S32,
        PtxType.U16 => PtxType.U32,
        _ => throw Error($".wide is not possible with {type.Name()}."),
    };

    private static Func<ulong, ulong, ulong> WideProduct(PtxType type)
    {
        ulong mask = Mask(type.Bits() * 2);
        return type.IsSigned() ? (x, y) => (ulong)(Signed(x, type) * Signed(y, type)) & mask : (x, y) => x * y & mask;
    }

    private static Func<ulong, ulong, ulong> HighProduct(PtxType type) => type switch
    {
        PtxType.S64 => (x, y) => (ulong)Math.BigMul((long)x, (long)y, out _),
        PtxType.U64 => (x, y) => Math.BigMul(x, y, out _),
        _ when type.IsSigned() => (x, y) => (ulong)((Signed(x, type) * Signed(y, type)) >> type.Bits()) & Mask(type.Bits()),
        _ => (x, y) => (x * y) >> type.Bits(),
    };

    private void DecodeMad()
    {
        string half = modifiers.Demand("lo", "hi", "wide");
        PtxType type = modifiers.Type(Integers), result = half == "wide" ? Wide(type) : type;
        Count(4);
        int d = Destination(at.Operands[0], result), a = Source(at.Operands[1], type), b = Source(at.Operands[2], type), c = Source(at.Operands[3], result);
        Func<ulong, ulong, ulong> product = half == "wide" ? WideProduct(type) : half == "hi" ? HighProduct(type) : (x, y) => x * y;
        ulong mask = Mask(result.Bits());
        Ternary(d, a, b, c, (x, y, z) => (product(x, y) + z) & mask);
    }

    private void DecodeFma()
    {
        modifiers.Demand("rn");
        PtxType type = modifiers.Type(Floats);
        Count(4);
        Ternary(Destination(at.Operands[0], type), Source(at.Operands[1], type), Source(at.Operands[2], type), Source(at.Operands[3], type), type == PtxType.F32
            ? (x, y, z) => U(MathF.FusedMultiplyAdd(F(x), F(y), F(z)))
            : (x, y, z) => U(Math.FusedMultiplyAdd(D(x), D(y), D(z))));
    }

    private void DecodeDiv(string name)
    {
        string? rounding = name == "div" ? modifiers.Take("rn", "full", "approx") : null;
        PtxType type = modifiers.Type(rounding == null ? Integers : rounding == "rn" ? Floats : [PtxType.F32]);
        (int d, int a, int b) = ThreeOperands(type);
        ulong mask = Mask(type.Bits());
        Binary(d, a, b, (name, type) switch
        {
            (_, PtxType.F32) => (x, y) => U(F(x) / F(y)),
            (_, PtxType.F64) => (x, y) => U(D(x) / D(y)),
            ("div", _) when type.IsSigned() => (x, y) => (ulong)Quotient(Signed(x, type), Signed(y, type)) & mask,
            ("div", _) => (x, y) => x / NonZero(y),
            (_, _) when type.IsSigned() => (x, y) => (ulong)(Signed(y, type) == -1 ? 0 : Signed(x, type) % Signed(NonZero(y), type)) & mask,
            _ => (x, y) => x % NonZero(y),
        });
    }

    private static long Quotient(long x, long y) => y == -1 ? unchecked(-x) : x / (long)NonZero((ulong)y);

    // Asked, not left to the processor's trap: .NET 10 loses its way when an inlined division traps in a try block.
    private static ulong NonZero(ulong divisor) => divisor != 0 ? divisor : throw new DivideByZeroException();

    private void DecodeMinMax(string name)
    {
        bool nan = modifiers.Take("NaN") != null;
        PtxType type = modifiers.Type(nan ? [PtxType.F32] : Numbers);
        if (nan)
            Require(80, 7.0, $"{name}.NaN");
        (int d, int a, int b) = ThreeOperands(type);
        bool min = name == "min";
        Binary(d, a, b, type switch
        {
            // Without .NaN a number wins over NaN.
            PtxType.F32 when nan => min ? (x, y) => U(MathF.Min(F(x), F(y))) : (x, y) => U(MathF.Max(F(x), F(y))),
            PtxType.F32 => min ? (x, y) => U(MinNumber(F(x), F(y))) : (x, y) => U(-MinNumber(-F(x), -F(y))),
            PtxType.F64 => min ? (x, y) => U(MinNumber(D(x), D(y))) : (x, y) => U(-MinNumber(-D(x), -D(y))),
            _ when type.IsSigned() => min ? (x, y) => Signed(x, type) < Signed(y, type) ? x : y : (x, y) => Signed(x, type) > Signed(y, type) ? x : y,
            _ => min ? Math.Min : Math.Max,
        });
    }

    private static float MinNumber(float a, float b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Min(a, b);

    private static double MinNumber(double a, double b) => double.IsNaN(a) ? b : double.IsNaN(b) ? a : Math.Min(a, b);

    private void DecodeSign(string name)
    {
        PtxType type = modifiers.Type(PtxType.S16, PtxType.S32, PtxType.S64, PtxType.F32, PtxType.F64);
        Count(2);
        ulong mask = Mask(type.Bits()), sign = 1UL << (type.Bits() - 1);
        bool neg = name == "neg";
        Unary(Destination(at.Operands[0], type), Source(at.Operands[1], type), type.IsFloat()
            ? neg ? x => x ^ sign : x => x & ~sign
            : neg ? x => (0 - x) & mask : x => (Signed(x, type) < 0 ? 0 - x : x) & mask);
    }

    private void DecodeFunction(string name)
    {
        string accuracy = modifiers.Demand(name is "sqrt" or "rcp" ? ["rn", "approx"] : ["approx"]);
        modifiers.Take("ftz");
        PtxType type = modifiers.Type(accuracy == "rn" ? Floats : [PtxType.F32]);
        if (name == "tanh")
            Require(75, 7.0, "tanh.approx");
        Count(2);
        // Approximations are computed better than a device does, so tests of them need tolerances of their own.
        Func<double, double> f = name switch
        {
            "sqrt" => Math.Sqrt,
            "rcp" => x => 1 / x,
            "rsqrt" => x => 1 / Math.Sqrt(x),
            "ex2" => x => Math.Pow(2, x),
            "lg2" => Math.Log2,
            "sin" => Math.Sin,
            "cos" => Math.Cos,
            _ => Math.Tanh,
        };
        int d = Destination(at.Operands[0], type), a = Source(at.Operands[1], type);
        if (type == PtxType.F32)
            Unary(d, a, name == "sqrt" ? x => U(MathF.Sqrt(F(x))) : name == "rcp" ? x => U(1f / F(x)) : x => U((float)f(F(x))));
        else
            Unary(d, a, x => U(f(D(x))));
    }

    private void DecodeCopySign()
    {
        PtxType type = modifiers.Type(Floats);
        (int d, int a, int b) = ThreeOperands(type);
        ulong sign = 1UL << (type.Bits() - 1);
        Binary(d, a, b, (x, y) => y & ~sign | x & sign);
    }
}
