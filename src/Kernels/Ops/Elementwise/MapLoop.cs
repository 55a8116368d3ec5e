using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>The CPU's SIMD loop over a map.</summary>
internal static unsafe class MapLoop
{
    /// <summary>y = f(a, b, c) over a span of floats; y may alias an input, and inputs that f does not read may be anything.</summary>
    public static void Run<M>(double constant, float* a, float* b, float* c, float* y, int count) where M : struct, IMap
    {
        if (Simd.Is512)
            Run<M, V512>(constant, a, b, c, y, count);
        else if (Simd.Is256)
            Run<M, V256>(constant, a, b, c, y, count);
        else
            Run<M, V128>(constant, a, b, c, y, count);
    }

    private static void Run<M, V>(double number, float* a, float* b, float* c, float* y, int count) where M : struct, IMap where V : struct, IVector<V>
    {
        V constant = V.Of(number);
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
            Step<M, V>(a + i, b + i, c + i, y + i, constant);
        // The tail runs in narrower vectors, and the last of it in a full one: all give an element the same bits.
        if (V.Lanes > V256.Lanes && i <= count - V256.Lanes)
        {
            Step<M, V256>(a + i, b + i, c + i, y + i, V256.Of(number));
            i += V256.Lanes;
        }
        if (V.Lanes > V128.Lanes && i <= count - V128.Lanes)
        {
            Step<M, V128>(a + i, b + i, c + i, y + i, V128.Of(number));
            i += V128.Lanes;
        }
        if (i == count)
            return;
        float* rest = stackalloc float[4 * V128.Lanes];
        for (int j = i; j < count; j++)
        {
            rest[j - i] = a[j];
            if (M.Inputs > 1)
                rest[V128.Lanes + j - i] = b[j];
            if (M.Inputs > 2)
                rest[(2 * V128.Lanes) + j - i] = c[j];
        }
        Step<M, V128>(rest, rest + V128.Lanes, rest + (2 * V128.Lanes), rest + (3 * V128.Lanes), V128.Of(number));
        for (int j = i; j < count; j++)
            y[j] = rest[(3 * V128.Lanes) + j - i];
    }

    private static void Step<M, V>(float* a, float* b, float* c, float* y, V constant) where M : struct, IMap where V : struct, IVector<V>
    {
        V x0 = V.Load(a);
        V x1 = M.Inputs > 1 ? V.Load(b) : x0;
        V x2 = M.Inputs > 2 ? V.Load(c) : x0;
        M.Apply(x0, x1, x2, constant).Store(y);
    }
}
