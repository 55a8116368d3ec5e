using GpuGrad.Kernels.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>Elementwise kernels, one thread per element.</summary>
internal static class MapKernels
{
    /// <summary>y = f(a, b, c, constant); y may alias an input.</summary>
    public static void Apply<M>(Index1D i, ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, ArrayView<float> y, float constant) where M : struct, IMap
    {
        F32 x0 = new(a[i]);
        F32 x1 = M.Inputs > 1 ? new F32(b[i]) : x0;
        F32 x2 = M.Inputs > 2 ? new F32(c[i]) : x0;
        y[i] = M.Apply(x0, x1, x2, new F32(constant)).Value;
    }

    public static void Fill(Index1D i, ArrayView<float> y, float value) => y[i] = value;
}
