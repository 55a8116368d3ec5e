using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Pooling;

/// <summary>
/// Pooling on the GPU. Forward, each thread has a window, or several lanes share one that is the whole image. Backward, each thread has a
/// pixel and reads the windows that contain it, in scan order: no two threads write to the same address.
/// </summary>
internal static class PoolingKernels
{
    public static void Max<K>(Index1D index, ArrayView<float> x, ArrayView<float> y, K marks, PoolWindows z, int split) where K : struct, IMarks
    {
        int i = index, p = i / z.Q % z.P, q = i % z.Q, plane = i / (z.P * z.Q) * z.H * z.W;
        int top = (p * z.StrideH) - z.Top, left = (q * z.StrideW) - z.Left;
        int firstRow = Math.Max(0, top), endRow = Math.Min(z.H, top + z.R), firstColumn = Math.Max(0, left), endColumn = Math.Min(z.W, left + z.S);
        float max = x[plane + (firstRow * z.W) + firstColumn];
        int place = ((firstRow - top) * z.S) + firstColumn - left, count = 0;
        for (int h = firstRow; h < endRow; h++)
        {
            for (int w = firstColumn; w < endColumn; w++)
            {
                float v = x[plane + (h * z.W) + w];
                if (v > max)
                {
                    place = ((h - top) * z.S) + w - left;
                    count = 0;
                }
                max = F32.Max(new(max), new(v)).Value;
                count += v == max ? 1 : 0;
            }
        }
        y[i] = max;
        marks.Set(i, split != 0 ? count : place);
    }

    public static void GlobalMax<K>(ArrayView<float> x, ArrayView<float> y, K marks, RowLanes r, int split) where K : struct, IMarks
    {
        ArrayView<float> maxima = SharedMemory.Allocate<float>(RowLanes.Threads);
        ArrayView<int> places = SharedMemory.Allocate<int>(RowLanes.Threads), counts = SharedMemory.Allocate<int>(RowLanes.Threads);
        int thread = Group.IdxX, lane = r.Lane, begin = r.Begin, end = r.End;
        var best = new Best(float.NegativeInfinity, int.MaxValue, 0);
        for (int i = begin + lane; i < end; i += r.Lanes)
            best = Best.Of(best, new Best(x[i], i - begin, 1));
        (maxima[thread], places[thread], counts[thread]) = (best.Max, best.Place, best.Count);
        Group.Barrier();
        for (int width = r.Lanes / 2; width > 0; width /= 2)
        {
            if (lane < width)
            {
                int other = thread + width;
                best = Best.Of(best, new Best(maxima[other], places[other], counts[other]));
                (maxima[thread], places[thread], counts[thread]) = (best.Max, best.Place, best.Count);
            }
            Group.Barrier();
        }
        if (lane == 0 && begin < end)
        {
            y[r.Row] = best.Max;
            marks.Set(r.Row, split != 0 ? best.Count : best.Place);
        }
    }

    public static void Average(Index1D index, ArrayView<float> x, ArrayView<float> y, PoolWindows z, int countPadding)
    {
        int i = index, p = i / z.Q % z.P, q = i % z.Q, plane = i / (z.P * z.Q) * z.H * z.W;
        int top = (p * z.StrideH) - z.Top, left = (q * z.StrideW) - z.Left;
        int firstRow = Math.Max(0, top), endRow = Math.Min(z.H, top + z.R), firstColumn = Math.Max(0, left), endColumn = Math.Min(z.W, left + z.S);
        float sum = 0f;
        for (int h = firstRow; h < endRow; h++)
        {
            for (int w = firstColumn; w < endColumn; w++)
                sum += x[plane + (h * z.W) + w];
        }
        y[i] = sum / (countPadding != 0 ? z.R * z.S : (endRow - firstRow) * (endColumn - firstColumn));
    }

    public static void GlobalAverage(ArrayView<float> x, ArrayView<float> y, RowLanes r)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(RowLanes.Threads);
        float sum = 0f;
        for (int i = r.Begin + r.Lane; i < r.End; i += r.Lanes)
            sum += x[i];
        sum = r.Sum(shared, sum);
        if (r.Lane == 0 && r.Row < r.Rows)
            y[r.Row] = sum / r.Size;
    }

    public static void AverageGradient(Index1D index, ArrayView<float> dy, ArrayView<float> dx, PoolWindows z, int countPadding)
    {
        int i = index, h = i / z.W % z.H, w = i % z.W, plane = i / (z.H * z.W) * z.P * z.Q;
        int endP = z.EndRow(h), endQ = z.EndColumn(w);
        float sum = 0f;
        for (int p = z.FirstRow(h); p < endP; p++)
        {
            int top = (p * z.StrideH) - z.Top, rows = Math.Min(z.H, top + z.R) - Math.Max(0, top);
            for (int q = z.FirstColumn(w); q < endQ; q++)
            {
                int left = (q * z.StrideW) - z.Left, columns = Math.Min(z.W, left + z.S) - Math.Max(0, left);
                sum += dy[plane + (p * z.Q) + q] / (countPadding != 0 ? z.R * z.S : rows * columns);
            }
        }
        dx[i] = sum;
    }

    public static void FirstGradient<K>(Index1D index, ArrayView<float> dy, K places, ArrayView<float> dx, PoolWindows z) where K : struct, IMarks
    {
        int i = index, h = i / z.W % z.H, w = i % z.W, plane = i / (z.H * z.W) * z.P * z.Q;
        int endP = z.EndRow(h), endQ = z.EndColumn(w);
        float sum = 0f;
        for (int p = z.FirstRow(h); p < endP; p++)
        {
            int row = (h - (p * z.StrideH) + z.Top) * z.S;
            for (int q = z.FirstColumn(w); q < endQ; q++)
            {
                int window = plane + (p * z.Q) + q;
                if (places.Get(window) == row + w - (q * z.StrideW) + z.Left)
                    sum += dy[window];
            }
        }
        dx[i] = sum;
    }

    public static void SplitGradient<K>(Index1D index, ArrayView<float> dy, K counts, ArrayView<float> x, ArrayView<float> y, ArrayView<float> dx, PoolWindows z) where K : struct, IMarks
    {
        int i = index, h = i / z.W % z.H, w = i % z.W, plane = i / (z.H * z.W) * z.P * z.Q;
        int endP = z.EndRow(h), endQ = z.EndColumn(w);
        float sum = 0f, value = x[i];
        for (int p = z.FirstRow(h); p < endP; p++)
        {
            for (int q = z.FirstColumn(w); q < endQ; q++)
            {
                int window = plane + (p * z.Q) + q;
                if (y[window] == value)
                    sum += dy[window] / counts.Get(window);
            }
        }
        dx[i] = sum;
    }
}

/// <summary><see cref="PoolSizes"/> as kernel arguments.</summary>
internal readonly record struct PoolWindows(int H, int W, int P, int Q, int R, int S, int StrideH, int StrideW, int Top, int Left)
{
    public static PoolWindows Of(PoolSizes z)
    {
        PoolGeometry g = z.Geometry;
        return new PoolWindows(z.H, z.W, z.P, z.Q, g.Window.R, g.Window.S, g.Stride.H, g.Stride.W, g.Padding.Top, g.Padding.Left);
    }

    /// <summary>The first row of windows that contains row h of the image.</summary>
    public int FirstRow(int h) => First(h + Top - R, StrideH);

    public int EndRow(int h) => Math.Min(P, ((h + Top) / StrideH) + 1);

    /// <summary>The first column of windows that contains column w.</summary>
    public int FirstColumn(int w) => First(w + Left - S, StrideW);

    public int EndColumn(int w) => Math.Min(Q, ((w + Left) / StrideW) + 1);

    // The first window that ends after this pixel.
    private static int First(int ended, int stride) => ended < 0 ? 0 : (ended / stride) + 1;
}

/// <summary>A maximum: its value, its first position, the number of ties.</summary>
internal readonly record struct Best(float Max, int Place, int Count)
{
    public static Best Of(Best a, Best b)
    {
        if (a.Max == b.Max)
            return new Best(a.Max, Math.Min(a.Place, b.Place), a.Count + b.Count);
        return b.Max > a.Max || (float.IsNaN(b.Max) && !float.IsNaN(a.Max)) ? b : a;
    }
}

/// <summary>A number for each window.</summary>
internal interface IMarks
{
    int Get(int i);

    void Set(int i, int mark);
}

internal readonly struct ByteMarks(ArrayView<byte> marks) : IMarks
{
    public int Get(int i) => marks[i];

    public void Set(int i, int mark) => marks[i] = (byte)mark;
}

internal readonly struct IntMarks(ArrayView<int> marks) : IMarks
{
    public int Get(int i) => marks[i];

    public void Set(int i, int mark) => marks[i] = mark;
}
