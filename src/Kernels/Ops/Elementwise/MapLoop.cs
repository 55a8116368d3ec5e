using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>The CPU's loop over a function of numbers.</summary>
internal static unsafe class MapLoop
{
    /// <summary>y = f(a, b, c) over a run of floats; y may be one of the inputs, and inputs that f does not read may be anything.</summary>
    public static void Run<M>(double constant, float* a, float* b, float* c, float* y, int count) where M : struct, IMap
    {
        if (Simd.Is512)
            Run<M, V512>(V512.Of(constant), a, b, c, y, count);
        else if (Simd.Is256)
            Run<M, V256>(V256.Of(constant), a, b, c, y, count);
        else
            Run<M, V128>(V128.Of(constant), a, b, c, y, count);
    }

    private static void Run<M, V>(V constant, float* a, float* b, float* c, float* y, int count) where M : struct, IMap where V : struct, IVector<V>
    {
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
            Step<M, V>(a + i, b + i, c + i, y + i, constant);
        if (i == count)
            return;
        // The rest goes through a full vector of its own, so that an element's bits do not depend on where it stands.
        float* rest = stackalloc float[4 * V.Lanes];
        for (int j = i; j < count; j++)
        {
            rest[j - i] = a[j];
            if (M.Inputs > 1)
                rest[V.Lanes + j - i] = b[j];
            if (M.Inputs > 2)
                rest[(2 * V.Lanes) + j - i] = c[j];
        }
        Step<M, V>(rest, rest + V.Lanes, rest + (2 * V.Lanes), rest + (3 * V.Lanes), constant);
        for (int j = i; j < count; j++)
            y[j] = rest[(3 * V.Lanes) + j - i];
    }

    private static void Step<M, V>(float* a, float* b, float* c, float* y, V constant) where M : struct, IMap where V : struct, IVector<V>
    {
        V x0 = V.Load(a);
        V x1 = M.Inputs > 1 ? V.Load(b) : x0;
        V x2 = M.Inputs > 2 ? V.Load(c) : x0;
        M.Apply(x0, x1, x2, constant).Store(y);
    }
}
