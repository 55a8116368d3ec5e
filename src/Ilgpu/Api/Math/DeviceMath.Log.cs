namespace ILGPU.Algorithms;

internal static partial class DeviceMath
{
    /// <summary>Splits a positive finite x into m * 2^e with m in [sqrt(1/2), sqrt(2)).</summary>
    private static float Mantissa(float x, out int exponent)
    {
        int extra = 0;
        if (x < 1.17549435e-38f)
        {
            x *= 8388608f;
            extra = 23;
        }
        // The subtraction moves the point where the exponent changes from 1 to sqrt(1/2).
        int shifted = (int)Bits(x) - 0x3F3504F3;
        exponent = (shifted >> 23) - extra;
        return FromBits((uint)((shifted & 0x007FFFFF) + 0x3F3504F3));
    }

    /// <summary>log(1 + f) - f for 1 + f in [sqrt(1/2), sqrt(2)).</summary>
    private static float LogCore(float f)
    {
        float p = Fma(0.0533353835f, f, -0.109193139f);
        p = Fma(p, f, 0.121089719f);
        p = Fma(p, f, -0.125490412f);
        p = Fma(p, f, 0.142096385f);
        p = Fma(p, f, -0.16659373f);
        p = Fma(p, f, 0.200022221f);
        p = Fma(p, f, -0.250001669f);
        p = Fma(p, f, 0.333333135f);
        float z = f * f;
        return Fma(p * f, z, -0.5f * z);
    }

    /// <summary>Results where there is no logarithm: NaN for NaN and below zero, -infinity at zero, infinity at infinity.</summary>
    private static float LogSpecial(float x) => x == 0f ? float.NegativeInfinity : x > 0f ? x : float.NaN;

    private static bool HasLog(float x) => x > 0f && x < float.PositiveInfinity;

    /// <summary>Natural logarithm; 1 ulp.</summary>
    public static float Log(float x)
    {
        if (!HasLog(x))
            return LogSpecial(x);
        float f = Mantissa(x, out int exponent) - 1f;
        float e = exponent;
        return Fma(e, Ln2High, Fma(e, Ln2Low, LogCore(f)) + f);
    }

    /// <summary>Logarithm to base 2; exact at powers of two, else 1.2 ulp.</summary>
    public static float Log2(float x)
    {
        if (!HasLog(x))
            return LogSpecial(x);
        float f = Mantissa(x, out int exponent) - 1f;
        float core = LogCore(f);
        // (f + core) * log2(e), with the factor in two parts and the big product last.
        float low = Fma(f, 1.92596303e-8f, core * Log2E);
        float high = f * Log2E;
        float error = Fma(f, Log2E, -high);
        return exponent + high + (error + low);
    }

    /// <summary>Logarithm to base 10; 1.6 ulp.</summary>
    public static float Log10(float x)
    {
        if (!HasLog(x))
            return LogSpecial(x);
        float f = Mantissa(x, out int exponent) - 1f;
        float core = LogCore(f);
        float high = f * 0.434294492f;
        float error = Fma(f, 0.434294492f, -high);
        float low = Fma(f, -1.01030500e-8f, core * 0.434294492f);
        float e = exponent;
        // 0.301025391 has 12 bits, so its product with an exponent is exact.
        return Fma(e, 0.301025391f, high) + (Fma(e, 4.60503907e-6f, low) + error);
    }

    /// <summary>x to the power y; 1.6 ulp. Special cases as <see cref="MathF.Pow"/>.</summary>
    public static float Pow(float x, float y)
    {
        if (y == 0f || x == 1f)
            return 1f;
        if (float.IsNaN(x) || float.IsNaN(y))
            return float.NaN;
        float a = MathF.Abs(x);
        bool integer = MathF.Floor(y) == y;
        // Above 2^24 every float is even.
        bool odd = integer && MathF.Abs(y) < 16777216f && ((int)y & 1) != 0;
        float sign = x < 0f && odd ? -1f : 1f;
        if (a == 0f || a == float.PositiveInfinity || MathF.Abs(y) == float.PositiveInfinity)
            return PowSpecial(x, a, y, odd);
        if (x < 0f && !integer)
            return float.NaN;
        LogParts(a, out float high, out float low);
        float product = y * high;
        if (product > 89f)
            return sign * float.PositiveInfinity;
        if (product < -104.5f)
            return sign * 0f;
        float rest = Fma(y, high, -product) + y * low;
        float k = Fma(product, Log2E, Rounder) - Rounder;
        float r = Fma(k, -Ln2High, product);
        r = Fma(k, -Ln2Low, r) + rest;
        return sign * Scale(ExpCore(r), (int)k);
    }

    private static float PowSpecial(float x, float a, float y, bool odd)
    {
        if (a == 1f)
            return 1f;
        bool grows = a > 1f == y > 0f;
        float result = grows ? float.PositiveInfinity : 0f;
        return odd ? MathF.CopySign(result, x) : result;
    }

    /// <summary>log(x) as a sum of two floats with an error below 2^-30, from 2 artanh((m - 1) / (m + 1)).</summary>
    private static void LogParts(float x, out float high, out float low)
    {
        float m = Mantissa(x, out int exponent);
        float p = m - 1f;
        float q = m + 1f;
        float qLow = m - (q - 1f);
        float f = p / q;
        float fLow = Fma(-f, qLow, Fma(-f, q, p)) / q;
        float s = f * f;
        float poly = Fma(0.24257189f, s, 0.284995586f);
        poly = Fma(poly, s, 0.400009662f);
        poly = Fma(poly, s, 0.666666627f);
        float tail = Fma(f * s, poly, fLow + fLow);
        float e = exponent;
        float big = e * Ln2High;
        float twice = f + f;
        float sum = big + twice;
        float part = sum - big;
        float error = big - (sum - part) + (twice - part);
        tail += Fma(e, Ln2Low, error);
        high = sum + tail;
        low = sum - high + tail;
    }
}
