using System.Runtime.CompilerServices;

namespace GpuGrad.Tests.Support.Ptx;

internal sealed partial class PtxDecoder
{
    private static readonly PtxType[] MovTypes = [PtxType.Pred, .. BitTypes, .. Numbers];
    private static readonly PtxType[] CvtTypes = [PtxType.U8, PtxType.S8, PtxType.F16, .. Numbers];

    private bool DecodeConversion(string name)
    {
        switch (name)
        {
            case "mov":
                DecodeMov();
                return true;
            case "cvt":
                DecodeCvt();
                return true;
            case "cvta":
                DecodeCvta();
                return true;
            default:
                return false;
        }
    }

    /// <summary>To a generic address, or <c>.to</c> one of a state space.</summary>
    private void DecodeCvta()
    {
        bool to = modifiers.Take("to") is not null;
        ulong window = modifiers.Demand("global", "shared", "local") switch { "shared" => (ulong)SharedWindow, "local" => (ulong)LocalWindow, _ => 0 };
        modifiers.Type(PtxType.U64);
        Count(2);
        Unary(Destination(at.Operands[0], PtxType.U64), RegisterSource(at.Operands[1], PtxType.U64), to ? x => x - window : x => x + window);
    }

    private void DecodeMov()
    {
        PtxType type = modifiers.Type(MovTypes);
        Count(2);
        if (at.Operands[0] is VectorOperand || at.Operands[1] is VectorOperand)
        {
            DecodePacking(type);
            return;
        }
        int d = Destination(at.Operands[0], type);
        if (at.Operands[1] is SymbolOperand symbol && FindRegister(symbol) == null)
        {
            if (PtxSpecial.IsName(symbol.Name))
            {
                if (type.Size() != 4 || type.IsFloat())
                    throw Error($"special register {symbol.Name} has 32 bits.");
                Unary(d, Special(symbol.Name), x => x);
                return;
            }
            if (!variables.TryGetValue(symbol.Name, out PtxVariable? variable))
                throw Error($"'{symbol.Name}' is not declared.");
            if (type is not (PtxType.U32 or PtxType.U64 or PtxType.B32 or PtxType.B64))
                throw Error($"an address does not fit {type.Name()}.");
            Unary(d, Constant((ulong)variable.Address), x => x);
            return;
        }
        Unary(d, Source(at.Operands[1], type), x => x);
    }

    /// <summary>mov.b32 d, {a, b} and mov.b64 {a, b}, d: halves to a whole and back.</summary>
    private void DecodePacking(PtxType type)
    {
        PtxType half = type switch
        {
            PtxType.B32 => PtxType.B16,
            PtxType.B64 => PtxType.B32,
            _ => throw Error("vectors are packed by mov.b32 and mov.b64."),
        };
        int bits = half.Bits();
        if (at.Operands[1] is VectorOperand { Parts: [var low, var high] })
        {
            Binary(Destination(at.Operands[0], type), Source(low, half), Source(high, half), (x, y) => x | y << bits);
            return;
        }
        if (at.Operands[0] is not VectorOperand { Parts: [var first, var second] })
            throw Error("a vector of two expected.");
        int source = RegisterSource(at.Operands[1], type);
        ulong mask = Mask(bits);
        if (first is not SymbolOperand { Name: "_" })
            Unary(Destination(first, half), source, x => x & mask);
        if (second is not SymbolOperand { Name: "_" })
            Unary(Destination(second, half), source, x => x >> bits);
    }

    private void DecodeCvt()
    {
        string? rounding = modifiers.Take("rn", "rz", "rna", "rni", "rzi", "rmi", "rpi");
        if (DecodeSmallFloats(rounding))
            return;
        PtxType to = modifiers.Type(CvtTypes), from = modifiers.Type(CvtTypes);
        Count(2);
        CheckRounding(rounding, to, from);
        int d = Destination(at.Operands[0], to, widened: true), a = Source(at.Operands[1], from, widened: true);
        // A result narrower than its register is extended as its type says.
        PtxType register = FindRegister(at.Operands[0])!.Value.Type;
        ulong mask = Mask(register.Bits());
        Func<ulong, ulong> convert = Conversion(to, from, rounding);
        Unary(d, a, to.IsSigned() ? x => (ulong)Signed(convert(x), to) & mask : convert);
    }

    private void CheckRounding(string? rounding, PtxType to, PtxType from)
    {
        bool integerRounding = rounding is "rni" or "rzi" or "rmi" or "rpi", floatRounding = rounding is "rn" or "rz";
        bool needsInteger = from.IsFloat() && (to.IsInteger() || to == from);
        bool needsFloat = to.IsFloat() && (from.IsInteger() || from.IsFloat() && from.Size() > to.Size());
        if (needsInteger != integerRounding || needsFloat != floatRounding)
            throw Error($"rounding of cvt{to.Name()}{from.Name()} must be {(needsInteger ? ".rni, .rzi, .rmi or .rpi" : needsFloat ? ".rn or .rz" : "absent")}.");
        if (rounding == "rz")
            throw Error("rounding .rz is not known to this interpreter.");
    }

    private static Func<ulong, ulong> Conversion(PtxType to, PtxType from, string? rounding)
    {
        if (from.IsFloat())
        {
            Func<ulong, double> read = from switch { PtxType.F16 => x => (float)BitConverter.UInt16BitsToHalf((ushort)x), PtxType.F32 => x => F(x), _ => D };
            Func<double, double> round = rounding switch { "rni" => Math.Round, "rzi" => Math.Truncate, "rmi" => Math.Floor, "rpi" => Math.Ceiling, _ => x => x };
            return to switch
            {
                PtxType.F16 => x => BitConverter.HalfToUInt16Bits((Half)(float)round(read(x))),
                PtxType.F32 => x => U((float)round(read(x))),
                PtxType.F64 => x => U(round(read(x))),
                _ => x => Saturate(round(read(x)), to, from),
            };
        }
        ulong mask = Mask(to.Bits());
        return (to, from.IsSigned()) switch
        {
            (PtxType.F32, true) => x => U((float)Signed(x, from)),
            (PtxType.F32, _) => x => U((float)(x & Mask(from.Bits()))),
            (PtxType.F64, true) => x => U((double)Signed(x, from)),
            (PtxType.F64, _) => x => U((double)(x & Mask(from.Bits()))),
            (_, true) => x => (ulong)Signed(x, from) & mask,
            _ => x => x & Mask(from.Bits()) & mask,
        };
    }

    /// <summary>To the nearest integer there is; NaN is 0, or the top bit where 64 bits are involved.</summary>
    private static ulong Saturate(double value, PtxType to, PtxType from)
    {
        int bits = to.Bits();
        if (double.IsNaN(value))
            return from == PtxType.F64 || bits == 64 ? 1UL << (bits - 1) : 0;
        if (to.IsSigned())
        {
            long low = bits == 64 ? long.MinValue : -(1L << (bits - 1)), high = bits == 64 ? long.MaxValue : (1L << (bits - 1)) - 1;
            return (value <= low ? (ulong)low : value >= high ? (ulong)high : (ulong)(long)value) & Mask(bits);
        }
        return value <= 0 ? 0 : value >= Mask(bits) ? Mask(bits) : (ulong)value;
    }

    /// <summary>cvt.rna.tf32.f32, cvt.rn.bf16.f32 and cvt.rn.bf16x2.f32.</summary>
    private bool DecodeSmallFloats(string? rounding)
    {
        string? kind = modifiers.Take("tf32", "bf16", "bf16x2");
        if (kind == null)
            return false;
        Require(80, kind == "tf32" ? 7.0 : 7.0, $"cvt to {kind}");
        if (rounding != (kind == "tf32" ? "rna" : "rn"))
            throw Error($"rounding of cvt.{kind} must be {(kind == "tf32" ? ".rna" : ".rn")}.");
        modifiers.Type(PtxType.F32);
        Count(kind == "bf16x2" ? 3 : 2);
        int a = Source(at.Operands[1], PtxType.F32);
        if (kind == "tf32")
            Unary(Destination(at.Operands[0], PtxType.B32), a, RoundToTf32);
        else if (kind == "bf16")
            Unary(Destination(at.Operands[0], PtxType.B16), a, RoundToBf16);
        else
            Binary(Destination(at.Operands[0], PtxType.B32), a, Source(at.Operands[2], PtxType.F32), (high, low) => RoundToBf16(high) << 16 | RoundToBf16(low));
        return true;
    }

    /// <summary>10 mantissa bits, ties away from zero.</summary>
    private static ulong RoundToTf32(ulong bits) =>
        float.IsFinite(F(bits)) ? (bits + 0x1000) & 0xFFFFE000 : bits & 0xFFFFE000 | (float.IsNaN(F(bits)) ? 0x400000u : 0u);

    /// <summary>7 mantissa bits, ties to even.</summary>
    private static ulong RoundToBf16(ulong bits) =>
        float.IsNaN(F(bits)) ? 0x7FFFu : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 & 0xFFFF;

    /// <summary>Reads from memory that may be unaligned for the host.</summary>
    private static ulong ReadBytes(ref byte place, int size) => size switch
    {
        1 => place,
        2 => Unsafe.ReadUnaligned<ushort>(ref place),
        4 => Unsafe.ReadUnaligned<uint>(ref place),
        _ => Unsafe.ReadUnaligned<ulong>(ref place),
    };

    private static void WriteBytes(ref byte place, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                place = (byte)value;
                break;
            case 2:
                Unsafe.WriteUnaligned(ref place, (ushort)value);
                break;
            case 4:
                Unsafe.WriteUnaligned(ref place, (uint)value);
                break;
            default:
                Unsafe.WriteUnaligned(ref place, value);
                break;
        }
    }
}
