using System.Numerics;

namespace GpuGrad.Tests.Support.Ptx;

// Logic, shifts, counts of bits, and picks of bytes.
internal sealed partial class PtxDecoder
{
    private void DecodeLogic(string name)
    {
        PtxType type = modifiers.Type(LogicTypes);
        ulong mask = type == PtxType.Pred ? 1 : Mask(type.Bits());
        if (name == "not")
        {
            Count(2);
            Unary(Destination(at.Operands[0], type), Source(at.Operands[1], type), x => ~x & mask);
            return;
        }
        (int d, int a, int b) = ThreeOperands(type);
        Binary(d, a, b, name switch
        {
            "and" => (x, y) => x & y,
            "or" => (x, y) => x | y,
            _ => (x, y) => x ^ y,
        });
    }

    private void DecodeShift(string name)
    {
        PtxType type = modifiers.Type(name == "shl" ? BitTypes : [.. BitTypes, .. Integers]);
        Count(3);
        int d = Destination(at.Operands[0], type), a = Source(at.Operands[1], type), b = Source(at.Operands[2], PtxType.U32);
        int bits = type.Bits();
        ulong mask = Mask(bits);
        Binary(d, a, b, name == "shl"
            ? (x, n) => n >= (ulong)bits ? 0 : (x << (int)n) & mask
            : type.IsSigned()
                ? (x, n) => (ulong)(Signed(x, type) >> (int)Math.Min(n, (ulong)bits - 1)) & mask
                : (x, n) => n >= (ulong)bits ? 0 : x >> (int)n);
    }

    private void DecodeCount(string name)
    {
        PtxType type = modifiers.Type(PtxType.B32, PtxType.B64);
        Count(2);
        int d = Destination(at.Operands[0], name == "brev" ? type : PtxType.U32), a = Source(at.Operands[1], type);
        Unary(d, a, (name, type) switch
        {
            ("popc", _) => x => (ulong)BitOperations.PopCount(x),
            ("clz", PtxType.B32) => x => (ulong)BitOperations.LeadingZeroCount((uint)x),
            ("clz", _) => x => (ulong)BitOperations.LeadingZeroCount(x),
            (_, PtxType.B32) => x => Reverse(x) >> 32,
            _ => Reverse,
        });
    }

    private static ulong Reverse(ulong x)
    {
        ulong result = 0;
        for (int i = 0; i < 64; i++)
            result |= ((x >> i) & 1) << (63 - i);
        return result;
    }

    private void DecodeBytes(string name)
    {
        modifiers.Type(PtxType.B32);
        Count(name == "prmt" ? 4 : 5);
        int d = Destination(at.Operands[0], PtxType.B32), a = Source(at.Operands[1], PtxType.B32), b = Source(at.Operands[2], PtxType.B32), c = Source(at.Operands[3], PtxType.B32);
        if (name == "prmt")
        {
            Ternary(d, a, b, c, Permute);
            return;
        }
        long table = at.Operands[4] is IntegerOperand { Value: >= 0 and < 256 } lut ? lut.Value : throw Error("lop3 takes a table of 8 bits.");
        Ternary(d, a, b, c, (x, y, z) =>
        {
            uint result = 0;
            for (int bit = 0; bit < 32; bit++)
                result |= (uint)((table >> (int)(((x >> bit) & 1) * 4 + ((y >> bit) & 1) * 2 + ((z >> bit) & 1))) & 1) << bit;
            return result;
        });
    }

    private static ulong Permute(ulong x, ulong y, ulong selector)
    {
        ulong bytes = x & 0xFFFFFFFF | y << 32, result = 0;
        for (int i = 0; i < 4; i++)
        {
            int select = (int)(selector >> (4 * i)) & 15;
            ulong value = (bytes >> (8 * (select & 7))) & 0xFF;
            if (select >= 8)
                value = (value & 0x80) != 0 ? 0xFFu : 0u;
            result |= value << (8 * i);
        }
        return result;
    }
}
