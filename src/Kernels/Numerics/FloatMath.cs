using System.Runtime.CompilerServices;

namespace GpuGrad.Kernels.Numerics;

/// <summary>
/// Transcendental functions of floats: of vectors on the CPU, of one float in a GPU kernel. The polynomials are minimax fits (Lawson's
/// algorithm, relative error). The operations are the same for every vector width, so the bits do not depend on it. NaN gives NaN,
/// infinities give the limits.
/// </summary>
/// <remarks>
/// Largest error in units in the last place, over all 2³² floats: Exp 1.08, Tanh 1.34, Erf 2.48. The runtime's Log, which the
/// vectors use: 2.46; the kernels' is <see cref="KernelMath.Log"/>.
/// </remarks>
internal static class FloatMath
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V>(V x) where V : struct, IFloat<V>
    {
        // e^x = 2^n · e^r with |r| ≤ ln2/2; ln2 in two parts keeps r exact. 2^n is multiplied in two steps, because n may
        // reach -150 or 128.
        V n = V.Round(Real.Clamp(x * V.Of(1.4426950408889634), V.Of(-151), V.Of(129)));
        V r = V.Fma(n, V.Of(-0.693359375), x);
        r = V.Fma(n, V.Of(2.12194440e-4), r);
        V p = V.Of(0.00139012828682727);
        p = V.Fma(p, r, V.Of(0.00836314491908962));
        p = V.Fma(p, r, V.Of(0.04166685345142417));
        p = V.Fma(p, r, V.Of(0.1666657729275404));
        p = V.Fma(p, r, V.Of(0.499999995525832));
        p = V.Fma(p, r * r, r) + V.Of(1);
        V half = V.Round(n * V.Of(0.5));
        V result = p * V.PowerOfTwo(half) * V.PowerOfTwo(n - half);
        result = V.WhereGreater(x, V.Of(88.7228394), V.Of(double.PositiveInfinity), result);
        return V.WhereGreater(V.Of(-104), x, V.Of(0), result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh<V>(V x) where V : struct, IFloat<V>
    {
        V a = V.Abs(x);
        V z = x * x;
        V p = V.Of(-0.00609693706070201);
        p = V.Fma(p, z, V.Of(0.02099735401451549));
        p = V.Fma(p, z, V.Of(-0.0538509526104748));
        p = V.Fma(p, z, V.Of(0.13332770076784403));
        p = V.Fma(p, z, V.Of(-0.3333332894835871));
        V small = V.Fma(p * z, x, x);
        V large = V.Of(1) - (V.Of(2) / (Exp(a + a) + V.Of(1)));
        large = V.WhereGreater(V.Of(0), x, -large, large);
        return V.WhereGreater(a, V.Of(0.625), large, small);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Erf<V>(V x) where V : struct, IFloat<V>
    {
        V a = V.Abs(x);
        V z = x * x;
        V p = V.Of(7.8538577115640120e-05);
        p = V.Fma(p, z, V.Of(-8.0101925220344935e-04));
        p = V.Fma(p, z, V.Of(5.1883275601282133e-03));
        p = V.Fma(p, z, V.Of(-2.6853811869165092e-02));
        p = V.Fma(p, z, V.Of(1.1283585147032535e-01));
        p = V.Fma(p, z, V.Of(-3.7612625824093743e-01));
        p = V.Fma(p, z, V.Of(1.1283791657266906e+00));
        V small = p * x;

        // erfc(x) = t·e^(-x²)·Q(t), t = 1/(1 + x/2), for 1 ≤ x; beyond 5 it is below half a unit in the last place of 1.
        V b = Real.Clamp(a, V.Of(1), V.Of(5));
        V t = V.Of(1) / V.Fma(b, V.Of(0.5), V.Of(1));
        V q = V.Of(0.09303182485095318);
        q = V.Fma(q, t, V.Of(-0.2248478119788393));
        q = V.Fma(q, t, V.Of(0.0806474321381713));
        q = V.Fma(q, t, V.Of(0.06225227478696101));
        q = V.Fma(q, t, V.Of(0.1782823167829786));
        q = V.Fma(q, t, V.Of(0.24707851389179278));
        q = V.Fma(q, t, V.Of(0.2820254928721246));
        q = V.Fma(q, t, V.Of(0.282099119606808));
        V large = V.Of(1) - (t * Exp(-(b * b)) * q);
        large = V.WhereGreater(V.Of(0), x, -large, large);
        return V.WhereGreater(a, V.Of(1), large, small);
    }
}
