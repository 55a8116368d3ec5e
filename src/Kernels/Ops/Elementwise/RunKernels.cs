using ILGPU;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>The copies of <see cref="Runs"/> as GPU kernels, one thread per element.</summary>
internal static class RunKernels
{
    /// <summary>Runs of y that are windows of the runs of x, with zeros outside: y[o, j] = x[o, j - before].</summary>
    public static void Window(Index1D index, ArrayView<float> x, ArrayView<float> y, int runX, int runY, int before)
    {
        int i = index, at = (i % runY) - before;
        y[i] = at >= 0 && at < runX ? x[(i / runY * runX) + at] : 0f;
    }

    /// <summary>Runs of x that become parts of the runs of y: y[o, start + j] = x[o, j].</summary>
    public static void Place(Index1D index, ArrayView<float> x, ArrayView<float> y, int runX, int runY, int start)
    {
        int i = index;
        y[(i / runX * runY) + start + (i % runX)] = x[i];
    }
}
