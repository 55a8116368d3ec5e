namespace GpuGrad.Tests.Support.Ptx;

// Comparisons, tests of floating-point numbers, and what chooses by them.
internal sealed partial class PtxDecoder
{
    private void DecodeSetp()
    {
        string comparison = modifiers.Demand("eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan", "lo", "ls", "hi", "hs");
        PtxType type = modifiers.Type(comparison is "eq" or "ne" ? [.. Numbers, .. BitTypes] : comparison is "lo" or "ls" or "hi" or "hs" ? Unsigned : comparison.Length == 3 ? Floats : Numbers);
        Count(3);
        int d = Destination(at.Operands[0], PtxType.Pred), a = Source(at.Operands[1], type), b = Source(at.Operands[2], type);
        if (type.IsFloat())
        {
            Func<ulong, double> read = type == PtxType.F32 ? x => F(x) : D;
            Binary(d, a, b, (x, y) => CompareFloats(comparison, read(x), read(y)) ? 1u : 0u);
            return;
        }
        Func<ulong, ulong, int> order = type.IsSigned() ? (x, y) => Signed(x, type).CompareTo(Signed(y, type)) : (x, y) => x.CompareTo(y);
        Binary(d, a, b, comparison switch
        {
            "eq" => (x, y) => x == y ? 1u : 0u,
            "ne" => (x, y) => x != y ? 1u : 0u,
            "lt" or "lo" => (x, y) => order(x, y) < 0 ? 1u : 0u,
            "le" or "ls" => (x, y) => order(x, y) <= 0 ? 1u : 0u,
            "gt" or "hi" => (x, y) => order(x, y) > 0 ? 1u : 0u,
            _ => (x, y) => order(x, y) >= 0 ? 1u : 0u,
        });
    }

    private static bool CompareFloats(string comparison, double x, double y)
    {
        bool unordered = double.IsNaN(x) || double.IsNaN(y);
        return comparison switch
        {
            "num" => !unordered,
            "nan" => unordered,
            _ when unordered => comparison.EndsWith('u'),
            "eq" or "equ" => x == y,
            "ne" or "neu" => x != y,
            "lt" or "ltu" => x < y,
            "le" or "leu" => x <= y,
            "gt" or "gtu" => x > y,
            _ => x >= y,
        };
    }

    private void DecodeTestp()
    {
        string property = modifiers.Demand("finite", "infinite", "number", "notanumber", "normal", "subnormal");
        PtxType type = modifiers.Type(Floats);
        Count(2);
        int d = Destination(at.Operands[0], PtxType.Pred), a = Source(at.Operands[1], type);
        bool single = type == PtxType.F32;
        Func<ulong, bool> test = property switch
        {
            "finite" => single ? x => float.IsFinite(F(x)) : x => double.IsFinite(D(x)),
            "infinite" => single ? x => float.IsInfinity(F(x)) : x => double.IsInfinity(D(x)),
            "number" => single ? x => !float.IsNaN(F(x)) : x => !double.IsNaN(D(x)),
            "notanumber" => single ? x => float.IsNaN(F(x)) : x => double.IsNaN(D(x)),
            "normal" => single ? x => float.IsNormal(F(x)) : x => double.IsNormal(D(x)),
            _ => single ? x => float.IsSubnormal(F(x)) : x => double.IsSubnormal(D(x)),
        };
        Unary(d, a, x => test(x) ? 1u : 0u);
    }

    private void DecodeSelp()
    {
        PtxType type = modifiers.Type([.. Numbers, .. BitTypes]);
        Count(4);
        Ternary(Destination(at.Operands[0], type), Source(at.Operands[1], type), Source(at.Operands[2], type), RegisterSource(at.Operands[3], PtxType.Pred),
            (x, y, p) => p != 0 ? x : y);
    }
}
