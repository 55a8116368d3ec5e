using ILGPU;

namespace GpuGrad.Kernels.Ops.Resampling;

/// <summary>Resampling on the GPU: each thread computes one pixel of the result.</summary>
internal static class UpsampleKernels
{
    public static void Forward(Index1D index, ArrayView<float> x, ArrayView<float> y, ResampledAxis rows, ResampledAxis columns)
    {
        int i = index, p = i / columns.Out % rows.Out, q = i % columns.Out, plane = i / (rows.Out * columns.Out) * rows.In * columns.In;
        int h = rows.Place(p), w = columns.Place(q), upper = plane + (h * columns.In), lower = plane + (rows.Next(h) * columns.In), right = columns.Next(w);
        float down = rows.Share(p), across = columns.Share(q);
        float top = x[upper + w] + (across * (x[upper + right] - x[upper + w]));
        float bottom = x[lower + w] + (across * (x[lower + right] - x[lower + w]));
        y[i] = top + (down * (bottom - top));
    }

    public static void Backward(Index1D index, ArrayView<float> dy, ArrayView<float> dx, ResampledAxis rows, ResampledAxis columns)
    {
        int i = index, h = i / columns.In % rows.In, w = i % columns.In, plane = i / (rows.In * columns.In) * rows.Out * columns.Out;
        int firstQ = columns.First(w), endP = rows.End(h), endQ = columns.End(w);
        float sum = 0f;
        for (int p = rows.First(h); p < endP; p++)
        {
            float row = 0f;
            for (int q = firstQ; q < endQ; q++)
                row += columns.Weight(q, w) * dy[plane + (p * columns.Out) + q];
            sum += rows.Weight(p, h) * row;
        }
        dx[i] = sum;
    }
}
