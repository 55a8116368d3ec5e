using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Ops.Softmax;

/// <summary>Softmax of one row of floats. NaN and +∞ in x make the whole row NaN.</summary>
internal static unsafe class SoftmaxRow
{
    /// <summary>p = e^(x - max) / Σ e^(x - max); returns ln Σ e^x.</summary>
    public static double Run(float* x, float* p, int count) =>
        Simd.Is512 ? Run<V512>(x, p, count) : Simd.Is256 ? Run<V256>(x, p, count) : Run<V128>(x, p, count);

    /// <summary>y = x - ln Σ e^x.</summary>
    public static void RunLog(float* x, float* y, int count)
    {
        double logSum = Run(x, y, count); // y is overwritten below
        for (int i = 0; i < count; i++)
            y[i] = (float)(x[i] - logSum);
    }

    private static double Run<V>(float* x, float* p, int count) where V : struct, IVector<V>
    {
        float max = Max<V>(x, count);
        V shift = V.Of(max);
        int whole = count / V.Lanes * V.Lanes;
        for (int i = 0; i < whole; i += V.Lanes)
            V.Exp(V.Load(x + i) - shift).Store(p + i);
        if (whole < count)
        {
            float* rest = stackalloc float[V.Lanes];
            for (int i = whole; i < count; i++)
                rest[i - whole] = x[i] - max;
            V.Exp(V.Load(rest)).Store(rest);
            for (int i = whole; i < count; i++)
                p[i] = rest[i - whole];
        }
        double sum = Sums.Of(p, count);
        float inverse = (float)(1 / sum);
        for (int i = 0; i < whole; i += V.Lanes)
            (V.Load(p + i) * V.Of(inverse)).Store(p + i);
        for (int i = whole; i < count; i++)
            p[i] *= inverse;
        return max + Math.Log(sum);
    }

    private static float Max<V>(float* x, int count) where V : struct, IVector<V>
    {
        float max = float.NegativeInfinity;
        int i = 0;
        if (count >= V.Lanes)
        {
            V most = V.Load(x);
            for (i = V.Lanes; i <= count - V.Lanes; i += V.Lanes)
                most = V.Max(most, V.Load(x + i));
            max = most.MaxLane();
        }
        for (; i < count; i++)
            max = MathF.Max(max, x[i]);
        return max;
    }
}
