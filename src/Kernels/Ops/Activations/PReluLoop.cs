using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>y = a where x &gt; 0, else slope·a: <see cref="PRelu"/> with a = x, and its gradient with a = dy.</summary>
internal static unsafe class PReluLoop
{
    // The block size of MapOp.
    private const int Block = 4096;

    public static void Check(TensorType x, TensorType slopes, int axis)
    {
        Expect.Element(x, ElementType.Real, "x");
        Expect.Element(slopes, ElementType.Real, "slopes");
        Expect.That(axis >= 1 && axis < x.Shape.Rank, $"'x' has shape {x.Shape}; there is no axis {axis} for the slopes, expected 1 to {x.Shape.Rank - 1}.");
        Expect.That(slopes.Shape.Rank == 1 && (slopes.Shape[0] == 1 || slopes.Shape[0] == x.Shape[axis]), $"'slopes' has shape {slopes.Shape}, expected [1] or [{x.Shape[axis]}].");
    }

    public static void Reference(ReadOnlySpan<double> a, ReadOnlySpan<double> x, ReadOnlySpan<double> slopes, Shape shape, int axis, Span<double> y)
    {
        int inner = shape.LengthOf((axis + 1)..);
        for (int i = 0; i < y.Length; i++)
            y[i] = x[i] > 0 ? a[i] : slopes[i / inner % slopes.Length] * a[i];
    }

    public static void Cpu(CpuBinding b, float* a, float* x, float* slopes, Shape slopeShape, int axis)
    {
        Shape shape = b.OutShape();
        float* y = b.Out();
        int count = shape.Count, channels = slopeShape[0], inner = shape.LengthOf((axis + 1)..);
        if (channels == 1)
            b.Parallel((count + Block - 1) / Block, (begin, end, _) =>
            {
                int first = begin * Block;
                Run(*slopes, a, x, y, first, Math.Min(end * Block, count) - first);
            });
        else if (inner == 1)
            b.Parallel(count / channels, (begin, end, _) =>
            {
                for (int at = begin * channels; at < end * channels; at += channels)
                    MapLoop.Run<Each>(0, a + at, x + at, slopes, y + at, channels);
            }, grain: Math.Max(1, Block / channels));
        else
            b.Parallel(count / inner, (begin, end, _) =>
            {
                for (int plane = begin; plane < end; plane++)
                    Run(slopes[plane % channels], a, x, y, plane * inner, inner);
            }, grain: Math.Max(1, Block / inner));
    }

    public static void Kernel(KernelBinding b, ArrayView<float> a, ArrayView<float> x, ArrayView<float> slopes, int axis)
    {
        ArrayView<float> y = b.Out();
        int inner = b.OutShape().LengthOf((axis + 1)..), channels = slopes.IntLength;
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int>(Apply);
        b.Launch(() => run(y.IntLength, a, x, slopes, y, channels, inner));
    }

    private static void Run(float slope, float* a, float* x, float* y, int first, int count) => MapLoop.Run<Same>(slope, a + first, x + first, x + first, y + first, count);

    private static void Apply(Index1D i, ArrayView<float> a, ArrayView<float> x, ArrayView<float> slopes, ArrayView<float> y, int channels, int inner) =>
        y[i] = x[i] > 0f ? a[i] : slopes[i / inner % channels] * a[i];

    // The slope is c.
    private readonly struct Each : IMap
    {
        public static int Inputs => 3;

        public static int Flops => 2;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => R.WhereGreater(b, R.Of(0), a, c * a);
    }

    // The slope is the constant.
    private readonly struct Same : IMap
    {
        public static int Inputs => 2;

        public static int Flops => 2;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => R.WhereGreater(b, R.Of(0), a, constant * a);
    }
}
