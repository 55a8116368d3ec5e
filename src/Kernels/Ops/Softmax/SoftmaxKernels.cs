using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Elementwise;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Softmax;

/// <summary>Softmax on the GPU: several lanes share a row.</summary>
internal static class SoftmaxKernels
{
    public static void Plain(ArrayView<float> x, ArrayView<float> y, RowLanes r)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(RowLanes.Threads);
        float max = r.Max(shared, Largest(x, r));
        float inverse = 1 / r.Sum(shared, SumOfExponentials(x, max, r));
        for (int i = r.Begin + r.Lane; i < r.End; i += r.Lanes)
            y[i] = KernelMath.Exp(x[i] - max) * inverse;
    }

    public static void Log(ArrayView<float> x, ArrayView<float> y, RowLanes r)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(RowLanes.Threads);
        float max = r.Max(shared, Largest(x, r));
        float log = KernelMath.Log(r.Sum(shared, SumOfExponentials(x, max, r)));
        for (int i = r.Begin + r.Lane; i < r.End; i += r.Lanes)
            y[i] = x[i] - max - log;
    }

    /// <summary>dx = f(dy, y, Σ weight(dy, y)); both functions are those of the CPU's loops.</summary>
    public static void Gradient<W, M>(ArrayView<float> dy, ArrayView<float> y, ArrayView<float> dx, RowLanes r) where W : struct, IMap where M : struct, IMap
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(RowLanes.Threads);
        float sum = 0f;
        for (int i = r.Begin + r.Lane; i < r.End; i += r.Lanes)
            sum += W.Apply(new F32(dy[i]), new F32(y[i]), default, default).Value;
        F32 total = new(r.Sum(shared, sum));
        for (int i = r.Begin + r.Lane; i < r.End; i += r.Lanes)
            dx[i] = M.Apply(new F32(dy[i]), new F32(y[i]), default, total).Value;
    }

    private static float Largest(ArrayView<float> x, RowLanes r)
    {
        F32 max = new(float.NegativeInfinity);
        for (int i = r.Begin + r.Lane; i < r.End; i += r.Lanes)
            max = F32.Max(max, new(x[i]));
        return max.Value;
    }

    private static float SumOfExponentials(ArrayView<float> x, float max, RowLanes r)
    {
        float sum = 0f;
        for (int i = r.Begin + r.Lane; i < r.End; i += r.Lanes)
            sum += KernelMath.Exp(x[i] - max);
        return sum;
    }
}
