using GpuGrad.Kernels.Devices.Ilgpu;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>Kernels that gather samples, one thread per element.</summary>
internal static class BatchKernels
{
    public static void Select(Index1D i, ArrayView<int> order, ArrayView<int> clock, ArrayView<int> y) => y[i] = order[clock[ClockLayout.Cursor] + i.X];

    public static void Rows<T>(Index1D i, ArrayView<T> data, ArrayView<int> indices, int size, ArrayView<T> y) where T : unmanaged =>
        y[i] = data[((long)indices[i.X / size] * size) + (i.X % size)];

    public static void OneHot(Index1D i, ArrayView<int> labels, int classes, ArrayView<float> y)
    {
        int label = labels[i.X / classes];
        y[i] = classes == 1 ? label : label == i.X % classes ? 1f : 0f;
    }

    /// <summary>Mixes each sample with the next, one thread per element; height = width = 1 for samples that are not pictures.</summary>
    public static void Mix(Index1D i, ArrayView<float> x, ArrayView<int> clock, int batch, int size, int height, int width, int cuts, ArrayView<float> y)
    {
        int n = i.X / size, row = i.X / width % height, column = i.X % width;
        int next = n + 1 < batch ? n + 1 : 0;
        float own = x[i], other = x[((long)next * size) + (i.X % size)], share = clock[ClockLayout.MixShare] * (1f / BatchMix.Whole);
        int corner = clock[ClockLayout.MixCorner], sides = clock[ClockLayout.MixSides];
        int top = (int)((uint)corner >> 16), left = corner & 0xFFFF, tall = (int)((uint)sides >> 16), wide = sides & 0xFFFF;
        bool inside = row >= top && row < top + tall && column >= left && column < left + wide;
        y[i] = cuts != 0 && tall > 0 ? (inside ? other : own) : (share * own) + ((1f - share) * other);
    }

    /// <summary>Labels or targets of mixed samples, one thread per sample.</summary>
    public static void MixLabels(
        Index1D n, ArrayView<int> labels, ArrayView<int> clock, int batch, ArrayView<int> partners, ArrayView<int> larger, ArrayView<float> own, ArrayView<float> other)
    {
        int share = clock[ClockLayout.MixShare], partner = labels[n.X + 1 < batch ? n.X + 1 : 0];
        partners[n] = partner;
        larger[n] = share < BatchMix.Whole / 2 ? partner : labels[n];
        if (n.X > 0)
            return;
        own[0] = share * (1f / BatchMix.Whole);
        other[0] = (BatchMix.Whole - share) * (1f / BatchMix.Whole);
    }

    /// <summary>y = raw·scale[c] + shift[c].</summary>
    public static void Normalise<P>(Index1D i, P data, ArrayView<int> indices, ArrayView<float> scale, ArrayView<float> shift, int channels, int pixels, ArrayView<float> y)
        where P : struct, IKernelPixels
    {
        int size = channels * pixels, at = i.X % size, c = at / pixels;
        y[i] = (data.At(((long)indices[i.X / size] * size) + at) * scale[c]) + shift[c];
    }

    public static void AddRows<T>(KernelBinding b, ArrayView<T> data, ArrayView<T> y) where T : unmanaged
    {
        ArrayView<int> indices = b.InInt(1);
        int size = b.OutShape().WithoutBatch().Count;
        var run = b.Loader.Items<ArrayView<T>, ArrayView<int>, int, ArrayView<T>>(Rows);
        b.Launch(() => run(y.IntLength, data, indices, size, y));
    }

    public static void AddNormalise<P>(KernelBinding b, P data) where P : struct, IKernelPixels
    {
        ArrayView<int> indices = b.InInt(1);
        ArrayView<float> scale = b.In(2), shift = b.In(3), y = b.Out();
        (int channels, int pixels) = (b.InShape(0)[1], b.InShape(0).LengthOf(2..));
        var run = b.Loader.Items<P, ArrayView<int>, ArrayView<float>, ArrayView<float>, int, int, ArrayView<float>>(Normalise);
        b.Launch(() => run(y.IntLength, data, indices, scale, shift, channels, pixels, y));
    }
}

/// <summary>Reads a data set's values in a kernel.</summary>
internal interface IKernelPixels
{
    float At(long i);
}

internal readonly struct BytePixels(ArrayView<byte> values) : IKernelPixels
{
    public float At(long i) => values[i];
}

internal readonly struct RealPixels(ArrayView<float> values) : IKernelPixels
{
    public float At(long i) => values[i];
}
