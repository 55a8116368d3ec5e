namespace ILGPU.Algorithms;

/// <summary>
/// The transcendental functions of float that kernels call through <see cref="XMath"/>, written in C# from additions,
/// multiplications, fused multiply-adds and bit operations alone. The compiler inlines them like any other method, so that
/// every device computes the same bits as the host does, and their accuracy is tested over the floats once, on the host.
/// Polynomials are minimax fits (weighted Remez exchange, coefficients rounded to float one by one); the stated errors
/// are the largest found by the tests, in units in the last place of the result.
/// </summary>
internal static partial class DeviceMath
{
    private const float Ln2High = 0.693145752f;
    private const float Ln2Low = 1.42860677e-6f;
    private const float Log2E = 1.44269504f;
    /// <summary>1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits.</summary>
    private const float Rounder = 12582912f;

    private static float Fma(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);
    private static uint Bits(float x) => Interop.FloatAsInt(x);
    private static float FromBits(uint x) => Interop.IntAsFloat(x);

    /// <summary>2^k for k in [-126, 127].</summary>
    private static float PowerOfTwo(int k) => FromBits((uint)(k + 127) << 23);

    /// <summary>x * 2^k in two steps, so that results below the normal range are rounded once.</summary>
    private static float Scale(float x, int k)
    {
        int half = k >> 1;
        return x * PowerOfTwo(half) * PowerOfTwo(k - half);
    }

    /// <summary>e^r for |r| at most ln(2)/2.</summary>
    private static float ExpCore(float r)
    {
        float p = Fma(0.00138470344f, r, 0.00836998969f);
        p = Fma(p, r, 0.041668009f);
        p = Fma(p, r, 0.166665092f);
        p = Fma(p, r, 0.49999994f);
        return Fma(p * r, r, r) + 1f;
    }

    /// <summary>e^x; 1.1 ulp.</summary>
    public static float Exp(float x)
    {
        if (!(x <= 88.7228394f))
            return float.IsNaN(x) ? x : float.PositiveInfinity;
        if (x < -103.972084f)
            return 0f;
        float k = Fma(x, Log2E, Rounder) - Rounder;
        float r = Fma(k, -Ln2High, x);
        r = Fma(k, -Ln2Low, r);
        return Scale(ExpCore(r), (int)k);
    }

    /// <summary>2^x; 1 ulp.</summary>
    public static float Exp2(float x)
    {
        if (!(x < 128f))
            return float.IsNaN(x) ? x : float.PositiveInfinity;
        if (x < -150f)
            return 0f;
        float k = x + Rounder - Rounder;
        float r = x - k;
        float p = Fma(0.000158211085f, r, 0.00134178239f);
        p = Fma(p, r, 0.00961706601f);
        p = Fma(p, r, 0.0555027276f);
        p = Fma(p, r, 0.240226552f);
        p = Fma(p, r, 0.693147242f);
        return Scale(Fma(p, r, 1f), (int)k);
    }

    /// <summary>Hyperbolic sine; 1.7 ulp.</summary>
    public static float Sinh(float x)
    {
        float a = MathF.Abs(x);
        if (a < 1f)
        {
            float z = x * x;
            float p = Fma(2.78221319e-06f, z, 0.000198428956f);
            p = Fma(p, z, 0.00833331048f);
            p = Fma(p, z, 0.166666672f);
            return Fma(p * z, x, x);
        }
        return MathF.CopySign(ExpHalf(a) - 0.25f / ExpHalf(a), x);
    }

    /// <summary>Hyperbolic cosine; 1.7 ulp.</summary>
    public static float Cosh(float x)
    {
        float half = ExpHalf(MathF.Abs(x));
        return half + 0.25f / half;
    }

    /// <summary>e^x / 2, which is still finite where e^x just is not.</summary>
    private static float ExpHalf(float x)
    {
        if (!(x < 89.4159851f))
            return float.IsNaN(x) ? x : float.PositiveInfinity;
        float k = Fma(x, Log2E, Rounder) - Rounder;
        float r = Fma(k, -Ln2High, x);
        r = Fma(k, -Ln2Low, r);
        return Scale(ExpCore(r), (int)k - 1);
    }

    /// <summary>Hyperbolic tangent; 1.4 ulp.</summary>
    public static float Tanh(float x)
    {
        float a = MathF.Abs(x);
        if (a < 0.6f)
        {
            float z = x * x;
            float p = Fma(0.00218527135f, z, -0.0082214484f);
            p = Fma(p, z, 0.0217176657f);
            p = Fma(p, z, -0.05394971f);
            p = Fma(p, z, 0.133332282f);
            p = Fma(p, z, -0.333333313f);
            return Fma(p * z, x, x);
        }
        // From 9.02 on the result rounds to 1; the comparison is false for NaN, which goes through Exp.
        float t = a > 9.02f ? 1f : 1f - 2f / (Exp(a + a) + 1f);
        return MathF.CopySign(t, x);
    }
}
