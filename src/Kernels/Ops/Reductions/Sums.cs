using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Reductions;

/// <summary>Sums of float spans, in an order that depends only on the length and the vector width.</summary>
internal static unsafe class Sums
{
    /// <summary>Σ x.</summary>
    public static float Of(float* x, int count) => Simd.Is512 ? Of<V512>(x, count) : Simd.Is256 ? Of<V256>(x, count) : Of<V128>(x, count);

    /// <summary>Σ x².</summary>
    public static float OfSquares(float* x, int count) => Dot(x, x, count);

    /// <summary>Σ x·y.</summary>
    public static float Dot(float* x, float* y, int count) =>
        Simd.Is512 ? Dot<V512>(x, y, count) : Simd.Is256 ? Dot<V256>(x, y, count) : Dot<V128>(x, y, count);

    /// <summary>y += x.</summary>
    public static void AddTo(float* x, float* y, int count)
    {
        if (Simd.Is512)
            AddTo<V512>(x, y, count);
        else if (Simd.Is256)
            AddTo<V256>(x, y, count);
        else
            AddTo<V128>(x, y, count);
    }

    private static float Of<V>(float* x, int count) where V : struct, IVector<V>
    {
        V s0 = V.Of(0), s1 = s0, s2 = s0, s3 = s0;
        int i = 0;
        for (; i <= count - (4 * V.Lanes); i += 4 * V.Lanes)
        {
            s0 += V.Load(x + i);
            s1 += V.Load(x + i + V.Lanes);
            s2 += V.Load(x + i + (2 * V.Lanes));
            s3 += V.Load(x + i + (3 * V.Lanes));
        }
        for (; i <= count - V.Lanes; i += V.Lanes)
            s0 += V.Load(x + i);
        float sum = (s0 + s1 + (s2 + s3)).Sum();
        for (; i < count; i++)
            sum += x[i];
        return sum;
    }

    private static float Dot<V>(float* x, float* y, int count) where V : struct, IVector<V>
    {
        V s0 = V.Of(0), s1 = s0, s2 = s0, s3 = s0;
        int i = 0;
        for (; i <= count - (4 * V.Lanes); i += 4 * V.Lanes)
        {
            s0 = V.Fma(V.Load(x + i), V.Load(y + i), s0);
            s1 = V.Fma(V.Load(x + i + V.Lanes), V.Load(y + i + V.Lanes), s1);
            s2 = V.Fma(V.Load(x + i + (2 * V.Lanes)), V.Load(y + i + (2 * V.Lanes)), s2);
            s3 = V.Fma(V.Load(x + i + (3 * V.Lanes)), V.Load(y + i + (3 * V.Lanes)), s3);
        }
        for (; i <= count - V.Lanes; i += V.Lanes)
            s0 = V.Fma(V.Load(x + i), V.Load(y + i), s0);
        float sum = (s0 + s1 + (s2 + s3)).Sum();
        for (; i < count; i++)
            sum += x[i] * y[i];
        return sum;
    }

    private static void AddTo<V>(float* x, float* y, int count) where V : struct, IVector<V>
    {
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
            (V.Load(y + i) + V.Load(x + i)).Store(y + i);
        for (; i < count; i++)
            y[i] += x[i];
    }
}
