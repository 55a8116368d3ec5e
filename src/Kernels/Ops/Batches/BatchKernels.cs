using GpuGrad.Kernels.Devices.Accelerated;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>The kernels that pick samples, a thread a number.</summary>
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

/// <summary>A data set's numbers as a kernel reads them.</summary>
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
