using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Pooling;

/// <summary>Passes the gradient of each window to its maximum, or in equal parts to its maxima.</summary>
/// <remarks>
/// Inputs: dy [N, C, P, Q] and the positions, or dy, how many pixels share the maximum, x and y. Output: dx [N, C, H, W].
/// Each pixel's gradient is the sum over its windows in scan order, on every device.
/// </remarks>
public sealed record MaxPoolGradient(PoolGeometry Geometry, Ties Ties, int Height, int Width) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Ties == Ties.First ? 2 : 4, Name);
        PoolSizes z = PoolSizes.OfGradient(Geometry, inputs[0], Height, Width);
        Expect.Element(inputs[1], Geometry.PlaceType, Ties == Ties.First ? "positions" : "counts");
        Expect.Shape(inputs[1], z.Y, Ties == Ties.First ? "positions" : "counts");
        if (Ties == Ties.Split)
        {
            Expect.Shape(inputs[2], z.X, "x");
            Expect.Shape(inputs[3], z.Y, "y");
        }
        return [new TensorType(z.X)];
    }

    public override Cost Cost(Node node) => new(node.Inputs[0].Shape.Length, node.BytesTouched);

    /// <summary>
    /// Moves a sum over pixels, or an elementwise derivative, before this op: the sum over all pixels equals that over all windows, and
    /// only a window's maximum, which is y of the pooling, gets a gradient. (A NaN in a window is its y, too.)
    /// </summary>
    public override Tensor[]? InputsBefore(Node node, Node reader)
    {
        // The gradient of a window with nothing but padding is dropped.
        if (Ties != Ties.First || Geometry.Padding != default || node.Inputs[0].Shape.Length >= node.Outputs[0].Shape.Length)
            return null;
        if (reader.Op is ChannelSum { Axis: 1 })
            return [node.Inputs[0]];
        return reader.Op is MapOp { IsBackward: true } && reader.Inputs[0] == node.Outputs[0]
            && node.Inputs[1].Producer is { Op: MaxPool2D } pool && reader.Inputs[1] == pool.Inputs[0]
            ? [node.Inputs[0], pool.Outputs[0]]
            : null;
    }

    public override void Reference(ReferenceArguments a)
    {
        PoolSizes z = PoolSizes.OfGradient(Geometry, a.Node.Inputs[0].Type, Height, Width);
        Span<double> dx = a.Out();
        dx.Clear();
        for (int i = 0; i < a.In(0).Length; i++)
        {
            int plane = i / (z.P * z.Q), p = i / z.Q % z.P, q = i % z.Q;
            int mark = Geometry.PlaceType == ElementType.Byte ? a.InByte(1)[i] : a.InInt(1)[i];
            (int top, int bottom) = z.RowsOf(p);
            (int left, int right) = z.ColumnsOf(q);
            for (int h = top; h < bottom; h++)
            {
                for (int w = left; w < right; w++)
                {
                    int pixel = (((plane * z.H) + h) * z.W) + w;
                    if (Ties == Ties.First && z.PlaceOf(p, q, h, w) == mark)
                        dx[pixel] += a.In(0)[i];
                    if (Ties == Ties.Split && a.In(2)[pixel] == a.In(3)[i])
                        dx[pixel] += a.In(0)[i] / mark;
                }
            }
        }
    }

    // Each channel has a single worker, so it may add to pixels in the order of the windows, which is the order of the sum.
    public override unsafe void Cpu(CpuBinding b)
    {
        PoolSizes z = PoolSizes.OfGradient(Geometry, b.Node.Inputs[0].Type, Height, Width);
        float* dy = b.In(0), x = Ties == Ties.Split ? b.In(2) : null, y = Ties == Ties.Split ? b.In(3) : null, dx = b.Out();
        byte* bytes = Geometry.PlaceType == ElementType.Byte ? b.InByte(1) : null;
        int* ints = bytes is null ? b.InInt(1) : null;
        int pixels = z.H * z.W, windows = z.P * z.Q;
        b.Parallel(z.Planes, (begin, end, _) =>
        {
            for (int plane = begin; plane < end; plane++)
            {
                long from = (long)plane * windows, to = (long)plane * pixels;
                byte* narrow = bytes is null ? null : bytes + from;
                int* wide = ints is null ? null : ints + from;
                if (x is not null)
                    AddToAll(z, dy + from, narrow, wide, x + to, y + from, dx + to);
                else if (Pool2x2.Suits(z))
                    Pool2x2.MaxGradient(z, dy + from, narrow, dx + to);
                else
                    AddToFirst(z, dy + from, narrow, wide, dx + to);
            }
        }, grain: Math.Max(1, 4096 / pixels));
    }

    public override void Kernel(KernelBinding b)
    {
        if (Geometry.PlaceType == ElementType.Byte)
            AddKernel(b, new ByteMarks(b.InByte(1)));
        else
            AddKernel(b, new IntMarks(b.InInt(1)));
    }

    private void AddKernel<K>(KernelBinding b, K marks) where K : struct, IMarks
    {
        PoolWindows windows = PoolWindows.Of(PoolSizes.OfGradient(Geometry, b.Node.Inputs[0].Type, Height, Width));
        ArrayView<float> dy = b.In(0), dx = b.Out();
        if (Ties == Ties.First)
        {
            var first = b.Loader.Items<ArrayView<float>, K, ArrayView<float>, PoolWindows>(PoolingKernels.FirstGradient<K>);
            b.Launch(() => first(dx.IntLength, dy, marks, dx, windows));
            return;
        }
        ArrayView<float> x = b.In(2), y = b.In(3);
        var all = b.Loader.Items<ArrayView<float>, K, ArrayView<float>, ArrayView<float>, ArrayView<float>, PoolWindows>(PoolingKernels.SplitGradient<K>);
        b.Launch(() => all(dx.IntLength, dy, marks, x, y, dx, windows));
    }

    private static unsafe void AddToFirst(PoolSizes z, float* dy, byte* bytes, int* ints, float* dx)
    {
        PoolGeometry g = z.Geometry;
        new Span<float>(dx, z.H * z.W).Clear();
        // A pixel of -∞ may lose to the padding; then the gradient is dropped.
        bool padded = g.Padding != default;
        uint width = (uint)g.Window.S;
        for (int p = 0; p < z.P; p++)
        {
            for (int q = 0; q < z.Q; q++)
            {
                int i = (p * z.Q) + q;
                (uint r, uint s) = Math.DivRem(bytes is null ? (uint)ints[i] : bytes[i], width);
                int h = (p * g.Stride.H) - g.Padding.Top + (int)r, w = (q * g.Stride.W) - g.Padding.Left + (int)s;
                if (!padded || ((uint)h < (uint)z.H && (uint)w < (uint)z.W))
                    dx[(h * z.W) + w] += dy[i];
            }
        }
    }

    private static unsafe void AddToAll(PoolSizes z, float* dy, byte* bytes, int* ints, float* x, float* y, float* dx)
    {
        new Span<float>(dx, z.H * z.W).Clear();
        for (int p = 0; p < z.P; p++)
        {
            (int top, int bottom) = z.RowsOf(p);
            for (int q = 0; q < z.Q; q++)
            {
                int i = (p * z.Q) + q;
                (int left, int right) = z.ColumnsOf(q);
                float share = dy[i] / (bytes is null ? ints[i] : bytes[i]);
                for (int h = top; h < bottom; h++)
                {
                    for (int w = left; w < right; w++)
                    {
                        if (x[(h * z.W) + w] == y[i])
                            dx[(h * z.W) + w] += share;
                    }
                }
            }
        }
    }
}
