namespace ILGPU.Algorithms;

internal static partial class DeviceMath
{
    /// <summary>The remainder of x / y with the sign of x, exactly: long division of the mantissas, bit by bit.</summary>
    public static float Rem(float x, float y)
    {
        float a = MathF.Abs(x), b = MathF.Abs(y);
        if (!(a < float.PositiveInfinity) || !(b > 0f))
            return float.NaN;
        if (!(a >= b))
            return float.IsNaN(b) ? b : x;
        int exponentA = Exponent(a, out uint m), exponentB = Exponent(b, out uint divisor);
        for (int i = exponentA - exponentB; i > 0; i--)
        {
            if (m >= divisor)
                m -= divisor;
            m <<= 1;
        }
        if (m >= divisor)
            m -= divisor;
        // Exact: at most 24 bits, and a multiple of the smallest step of y.
        float result = Scale(m, exponentB);
        return MathF.CopySign(result, x);
    }

    /// <summary>The difference to the nearest multiple of y, ties to even multiples, exactly.</summary>
    public static float IeeeRemainder(float x, float y)
    {
        float b = MathF.Abs(y);
        if (!(MathF.Abs(x) < float.PositiveInfinity) || !(b > 0f))
            return float.NaN;
        // 2y overflows only where |x| < 2y always holds.
        float r = b < 1.7e38f ? MathF.Abs(Rem(x, b + b)) : MathF.Abs(x);
        if (b == float.PositiveInfinity)
            return x;
        float half = 0.5f * b;
        bool exactHalf = half + half == b;
        if (exactHalf ? r > half : r + r > b)
        {
            r -= b;
            if (exactHalf ? r >= half : r + r >= b)
                r -= b;
        }
        return x < 0f ? -r : r == 0f ? MathF.CopySign(0f, x) : r;
    }

    /// <summary>x = mantissa * 2^result with a mantissa of exactly 24 bits.</summary>
    private static int Exponent(float x, out uint mantissa)
    {
        uint bits = Bits(x);
        int biased = (int)(bits >> 23);
        int shift = biased == 0 ? IntrinsicMath.LeadingZeroCount(bits) - 8 : 0;
        mantissa = biased == 0 ? bits << shift : (bits & 0x007FFFFF) | 0x00800000;
        return (biased == 0 ? 1 - shift : biased) - 150;
    }
}
