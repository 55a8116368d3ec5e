using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Softmax;

/// <summary>Softmax of one row of floats.</summary>
internal static unsafe class SoftmaxRow
{
    /// <summary>p = e^(x - max) / Σ e^(x - max); gives ln Σ e^x.</summary>
    public static double Run(float* x, float* p, int count) =>
        Simd.Is512 ? Run<V512>(x, p, count) : Simd.Is256 ? Run<V256>(x, p, count) : Run<V128>(x, p, count);

    private static double Run<V>(float* x, float* p, int count) where V : struct, IVector<V>
    {
        float max = float.NegativeInfinity;
        for (int i = 0; i < count; i++)
            max = MathF.Max(max, x[i]);
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
        double sum = 0;
        for (int i = 0; i < count; i++)
            sum += p[i];
        float inverse = (float)(1 / sum);
        for (int i = 0; i < count; i++)
            p[i] *= inverse;
        return max + Math.Log(sum);
    }
}
