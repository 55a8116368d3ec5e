namespace ILGPU.Algorithms;

internal static partial class DeviceMath
{
    /// <summary>Beyond this the reduction in floats loses bits and the one in integers takes over.</summary>
    private const float SmallAngle = 65536f;
    private const float PiHalf = 1.57079637f;

    /// <summary>x = quadrant * pi/2 + result, |result| at most pi/4; the quadrant modulo 4.</summary>
    private static float Reduce(float x, out int quadrant)
    {
        if (!(MathF.Abs(x) < SmallAngle))
            return ReduceLarge(x, out quadrant);
        float k = Fma(x, 0.636619747f, Rounder) - Rounder;
        quadrant = (int)k;
        float r = Fma(k, -1.5707963705062866f, x);
        r = Fma(k, 4.371138828673793e-08f, r);
        return Fma(k, 1.7151245100058819e-15f, r);
    }

    /// <summary>
    /// Payne and Hanek's reduction: of the product with 2/pi only the bits around the binary point matter, so multiply by
    /// the 96 bits of 2/pi that start two bits above them.
    /// </summary>
    private static float ReduceLarge(float x, out int quadrant)
    {
        uint bits = Bits(x);
        int first = (int)((bits >> 23) & 255) - 152;
        uint mantissa = (bits & 0x007FFFFF) | 0x00800000;
        int word = first >> 5;
        int shift = first & 31;
        ulong p0 = (ulong)mantissa * Funnel(word + 2, shift);
        ulong p1 = (ulong)mantissa * Funnel(word + 1, shift) + (p0 >> 32);
        uint p2 = mantissa * Funnel(word, shift) + (uint)(p1 >> 32);
        ulong q = ((ulong)p2 << 32) | (uint)p1;
        int turn = (int)((q + (1UL << 61)) >> 62);
        long fraction = (long)(q << 2);
        float high = fraction;
        float low = fraction - (long)high;
        // pi/2 * 2^-64 in two parts: one rounding in all.
        float r = Fma(high, 8.51530419e-20f, Fma(high, -2.36959933e-27f, low * 8.51530419e-20f));
        bool negative = (bits >> 31) != 0;
        quadrant = negative ? -turn : turn;
        // Infinities and NaN have no angle.
        if ((bits & 0x7F800000) == 0x7F800000)
            return float.NaN;
        return negative ? -r : r;
    }

    private static uint Funnel(int word, int shift) =>
        (uint)((((ulong)TwoOverPi(word) << 32) | TwoOverPi(word + 1)) >> (32 - shift));

    /// <summary>The 32-bit words of 2/pi after the binary point.</summary>
    private static uint TwoOverPi(int word) => word switch
    {
        0 => 0xA2F9836E,
        1 => 0x4E441529,
        2 => 0xFC2757D1,
        3 => 0xF534DDC0,
        4 => 0xDB629599,
        5 => 0x3C439041,
        6 => 0xFE5163AB,
        _ => 0,
    };

    private static float SinCore(float r)
    {
        float z = r * r;
        float p = Fma(2.83739519e-06f, z, -0.000198535054f);
        p = Fma(p, z, 0.00833338033f);
        p = Fma(p, z, -0.166666672f);
        return Fma(p * z, r, r);
    }

    private static float CosCore(float r)
    {
        float z = r * r;
        float p = Fma(2.44323273e-05f, z, -0.00138873095f);
        p = Fma(p, z, 0.0416666456f);
        p = Fma(p, z, -0.5f);
        return Fma(p, z, 1f);
    }

    private static float Quadrant(float r, int quadrant)
    {
        float value = (quadrant & 1) != 0 ? CosCore(r) : SinCore(r);
        return (quadrant & 2) != 0 ? -value : value;
    }

    /// <summary>Sine of radians; 1.5 ulp.</summary>
    public static float Sin(float x) => Quadrant(Reduce(x, out int quadrant), quadrant);

    /// <summary>Cosine of radians; 1.5 ulp.</summary>
    public static float Cos(float x) => Quadrant(Reduce(x, out int quadrant), quadrant + 1);

    /// <summary>Tangent of radians; 3.2 ulp.</summary>
    public static float Tan(float x)
    {
        float r = Reduce(x, out int quadrant);
        float sin = SinCore(r), cos = CosCore(r);
        return (quadrant & 1) != 0 ? -cos / sin : sin / cos;
    }

    public static void SinCos(float x, out float sin, out float cos)
    {
        float r = Reduce(x, out int quadrant);
        sin = Quadrant(r, quadrant);
        cos = Quadrant(r, quadrant + 1);
    }

    /// <summary>atan(x) for |x| at most 1.</summary>
    private static float AtanCore(float x)
    {
        float z = x * x;
        float p = Fma(0.00292153866f, z, -0.0163668115f);
        p = Fma(p, z, 0.043206282f);
        p = Fma(p, z, -0.0755166486f);
        p = Fma(p, z, 0.106657699f);
        p = Fma(p, z, -0.14211002f);
        p = Fma(p, z, 0.199937671f);
        p = Fma(p, z, -0.333331525f);
        return Fma(p * z, x, x);
    }

    /// <summary>Arc tangent; 2.1 ulp.</summary>
    public static float Atan(float x)
    {
        float a = MathF.Abs(x);
        float t = a > 1f ? PiHalf - AtanCore(1f / a) : AtanCore(a);
        return MathF.CopySign(t, x);
    }

    /// <summary>The angle of (x, y); 2.1 ulp. Special cases as <see cref="MathF.Atan2"/>.</summary>
    public static float Atan2(float y, float x)
    {
        if (float.IsNaN(x) || float.IsNaN(y))
            return float.NaN;
        float ax = MathF.Abs(x), ay = MathF.Abs(y);
        float small = ax < ay ? ax : ay, big = ax < ay ? ay : ax;
        float ratio = big == 0f ? 0f : small == big ? 1f : small / big;
        float t = AtanCore(ratio);
        if (ay > ax)
            t = PiHalf - t;
        // The sign bit, so that atan2(0, -0) is pi.
        if ((int)Bits(x) < 0)
            t = 3.14159274f - t;
        return MathF.CopySign(t, y);
    }

    private static float AsinCore(float x, float z)
    {
        float p = Fma(0.0433807224f, z, 0.0234976821f);
        p = Fma(p, z, 0.0456008315f);
        p = Fma(p, z, 0.0749432817f);
        p = Fma(p, z, 0.166667745f);
        return Fma(p * z, x, x);
    }

    /// <summary>Arc sine; 2.2 ulp.</summary>
    public static float Asin(float x)
    {
        float a = MathF.Abs(x);
        if (a < 0.5f)
            return AsinCore(x, x * x);
        float z = Fma(a, -0.5f, 0.5f);
        float root = MathF.Sqrt(z);
        float t = PiHalf - 2f * AsinCore(root, z);
        return MathF.CopySign(t, x);
    }

    /// <summary>Arc cosine; 1.3 ulp.</summary>
    public static float Acos(float x)
    {
        float a = MathF.Abs(x);
        if (a < 0.5f)
            return PiHalf - AsinCore(x, x * x);
        float z = Fma(a, -0.5f, 0.5f);
        float t = 2f * AsinCore(MathF.Sqrt(z), z);
        return x < 0f ? 3.14159274f - t : t;
    }
}
