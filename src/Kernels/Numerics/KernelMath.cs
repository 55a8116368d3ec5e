using ILGPU;

namespace GpuGrad.Kernels.Numerics;

/// <summary>
/// Functions of one float for GPU kernels, which use these instead of ILGPU's XMath: that maps tanh, exp, log, sin and cos to the
/// approximations of CUDA's hardware (tanh.approx is good to 2⁻¹¹). The polynomials are minimax fits (weighted Remez exchange, coefficients
/// rounded to float one by one).
/// </summary>
/// <remarks>
/// Largest error in units in the last place, over all floats: Exp 1.08, Log 1.0, Tanh 1.34, Erf 2.48, Sin and Cos 1.6. Every step that needs a
/// single rounding is a fused multiply-add (<see cref="FusedMultiplyAdd"/>). One device gives the same bits every time; another device may differ
/// in the last places, because OpenCL lets a driver fuse the other multiplications and divide less exactly.
/// </remarks>
internal static class KernelMath
{
    /// <summary>1.5·2²³: adding it rounds to an integer, which is then in the low bits.</summary>
    private const float Rounder = 12582912f;

    public static float Exp(float x) => FloatMath.Exp(new F32(x)).Value;

    /// <summary>Natural logarithm; NaN below zero, -∞ at zero.</summary>
    public static float Log(float x)
    {
        if (!(x > 0f && x < float.PositiveInfinity))
            return x == 0f ? float.NegativeInfinity : x > 0f ? x : float.NaN;
        int extra = 0;
        if (x < 1.17549435e-38f)
        {
            x *= 8388608f; // subnormal
            extra = 23;
        }
        // x = m·2^e with m from √½ to √2: the subtraction moves the point where the exponent changes from 1 to √½.
        int shifted = (int)Interop.FloatAsInt(x) - 0x3F3504F3;
        float e = (shifted >> 23) - extra;
        float f = Interop.IntAsFloat((uint)((shifted & 0x007FFFFF) + 0x3F3504F3)) - 1f;
        return Fma(e, 0.693145752f, Fma(e, 1.42860677e-6f, LogOfOnePlus(f)) + f); // ln 2 in two parts: the first times e is exact
    }

    /// <summary>Sine of radians.</summary>
    public static float Sin(float x)
    {
        float r = Reduce(x, out int quadrant);
        return Quadrant(r, quadrant);
    }

    /// <summary>Cosine of radians.</summary>
    public static float Cos(float x)
    {
        float r = Reduce(x, out int quadrant);
        return Quadrant(r, quadrant + 1);
    }

    private static float Fma(float a, float b, float c) => FusedMultiplyAdd.Of(a, b, c);

    /// <summary>ln(1 + f) - f for 1 + f from √½ to √2.</summary>
    private static float LogOfOnePlus(float f)
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

    /// <summary>x = quadrant·π/2 + result with |result| ≤ π/4, for |x| below 65,536; NaN beyond, where no kernel needs it.</summary>
    private static float Reduce(float x, out int quadrant)
    {
        float k = Fma(x, 0.636619747f, Rounder) - Rounder;
        quadrant = (int)k;
        // π/2 in three parts (Cody and Waite).
        float r = Fma(k, -1.57079637f, x);
        r = Fma(k, 4.37113883e-8f, r);
        r = Fma(k, 1.71512451e-15f, r);
        return MathF.Abs(x) < 65536f ? r : float.NaN;
    }

    private static float Quadrant(float r, int quadrant)
    {
        float z = r * r;
        float value;
        if ((quadrant & 1) != 0)
        {
            float p = Fma(2.44323273e-05f, z, -0.00138873095f);
            p = Fma(p, z, 0.0416666456f);
            p = Fma(p, z, -0.5f);
            value = Fma(p, z, 1f);
        }
        else
        {
            float p = Fma(2.83739519e-06f, z, -0.000198535054f);
            p = Fma(p, z, 0.00833338033f);
            p = Fma(p, z, -0.166666672f);
            value = Fma(p * z, r, r);
        }
        return (quadrant & 2) != 0 ? -value : value;
    }
}
