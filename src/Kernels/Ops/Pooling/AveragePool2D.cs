using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Ops.Pooling;

/// <summary>
/// Mean of each window. Padding counts as zeros, so that every window is divided by R·S (PyTorch's
/// count_include_pad); without <see cref="CountPadding"/> a window is divided by the number of its pixels.
/// </summary>
/// <remarks>Input: x [N, C, H, W]. Output: y [N, C, P, Q].</remarks>
public sealed record AveragePool2D(PoolGeometry Geometry, bool CountPadding = true) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        return [new TensorType(PoolSizes.Of(Geometry, inputs[0]).Y)];
    }

    public override Cost Cost(Node node) => new((double)node.Outputs[0].Shape.Length * Geometry.Window.R * Geometry.Window.S, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        Shape x = b.Input(0).Shape;
        b.Give(0, b.Graph.Add(new AveragePoolGradient(Geometry, x[2], x[3], CountPadding), b.Gradient()));
    }

    public override void Reference(ReferenceArguments a)
    {
        PoolSizes z = PoolSizes.Of(Geometry, a.Node.Inputs[0].Type);
        for (int i = 0; i < a.Out().Length; i++)
        {
            int plane = i / (z.P * z.Q), p = i / z.Q % z.P, q = i % z.Q;
            (int top, int bottom) = z.RowsOf(p);
            (int left, int right) = z.ColumnsOf(q);
            double sum = 0;
            for (int h = top; h < bottom; h++)
            {
                for (int w = left; w < right; w++)
                    sum += a.In(0)[(((plane * z.H) + h) * z.W) + w];
            }
            a.Out()[i] = sum / Divisor(z, CountPadding, p, q);
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        PoolSizes z = PoolSizes.Of(Geometry, b.Node.Inputs[0].Type);
        float* x = b.In(0), y = b.Out();
        int pixels = z.H * z.W;
        if (z.IsGlobal || Pool2x2.Suits(z))
        {
            b.Parallel(z.Planes, (begin, end, _) =>
            {
                for (int plane = begin; plane < end; plane++)
                {
                    if (z.IsGlobal)
                        y[plane] = Sums.Of(x + ((long)plane * pixels), pixels) / pixels;
                    else
                        Pool2x2.Average(z, x + ((long)plane * pixels), y + ((long)plane * z.P * z.Q));
                }
            }, grain: Math.Max(1, 16384 / pixels));
            return;
        }
        WindowLoop loop = Simd.Is512 ? Sum<V512> : Simd.Is256 ? Sum<V256> : Sum<V128>;
        bool even = CountPadding || Geometry.Padding == default;
        float whole = Geometry.Window.R * Geometry.Window.S;
        new CpuWindows(b, z, 0).AddPhase(x, loop, (values, _, p, at) =>
        {
            if (even)
            {
                Copies.Scale(values, 1 / whole, y + at, z.Q);
                return;
            }
            for (int q = 0; q < z.Q; q++)
                y[at + q] = values[q] / Divisor(z, CountPadding, p, q);
        });
    }

    public override void Kernel(KernelBinding b)
    {
        PoolSizes z = PoolSizes.Of(Geometry, b.Node.Inputs[0].Type);
        ArrayView<float> x = b.In(0), y = b.Out();
        if (z.IsGlobal)
        {
            RowLanes planes = RowLanes.Of(z.Planes, z.H * z.W);
            KernelConfig config = RowLanes.Config(planes);
            var global = b.Loader.Groups<ArrayView<float>, ArrayView<float>, RowLanes>(PoolingKernels.GlobalAverage, new KernelSpecialization(RowLanes.Threads, null));
            b.Launch(() => global(config, x, y, planes));
            return;
        }
        PoolWindows windows = PoolWindows.Of(z);
        int counted = CountPadding ? 1 : 0;
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, PoolWindows, int>(PoolingKernels.Average);
        b.Launch(() => run(y.IntLength, x, y, windows, counted));
    }

    internal static int Divisor(PoolSizes z, bool countPadding, int p, int q)
    {
        (int top, int bottom) = z.RowsOf(p);
        (int left, int right) = z.ColumnsOf(q);
        return countPadding ? z.Geometry.Window.R * z.Geometry.Window.S : (bottom - top) * (right - left);
    }

    private static unsafe void Sum<V>(float* pixels, int* offsets, int places, int columns, float* values, float* marks)
        where V : struct, IVector<V>
    {
        for (int column = 0; column < columns; column += V.Lanes)
        {
            V sum = V.Load(pixels + offsets[0] + column);
            for (int i = 1; i < places; i++)
                sum += V.Load(pixels + offsets[i] + column);
            sum.Store(values + column);
        }
    }
}

/// <summary>Distributes the gradient of each window evenly over its pixels: the transpose of <see cref="AveragePool2D"/>.</summary>
/// <remarks>Input: dy [N, C, P, Q]. Output: dx [N, C, H, W].</remarks>
public sealed record AveragePoolGradient(PoolGeometry Geometry, int Height, int Width, bool CountPadding = true) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        return [new TensorType(PoolSizes.OfGradient(Geometry, inputs[0], Height, Width).X)];
    }

    public override Cost Cost(Node node) => new((double)node.Inputs[0].Shape.Length * Geometry.Window.R * Geometry.Window.S, node.BytesTouched);

    public override void Differentiate(Backprop b) => b.Give(0, b.Graph.Add(new AveragePool2D(Geometry, CountPadding), b.Gradient()));

    public override void Reference(ReferenceArguments a)
    {
        PoolSizes z = PoolSizes.OfGradient(Geometry, a.Node.Inputs[0].Type, Height, Width);
        Span<double> dx = a.Out();
        dx.Clear();
        for (int i = 0; i < a.In(0).Length; i++)
        {
            int plane = i / (z.P * z.Q), p = i / z.Q % z.P, q = i % z.Q;
            (int top, int bottom) = z.RowsOf(p);
            (int left, int right) = z.ColumnsOf(q);
            for (int h = top; h < bottom; h++)
            {
                for (int w = left; w < right; w++)
                    dx[(((plane * z.H) + h) * z.W) + w] += a.In(0)[i] / AveragePool2D.Divisor(z, CountPadding, p, q);
            }
        }
    }

    // Each channel has a single worker, so it may add to pixels in the order of the windows.
    public override unsafe void Cpu(CpuBinding b)
    {
        PoolSizes z = PoolSizes.OfGradient(Geometry, b.Node.Inputs[0].Type, Height, Width);
        float* dy = b.In(0), dx = b.Out();
        int pixels = z.H * z.W, windows = z.P * z.Q;
        b.Parallel(z.Planes, (begin, end, _) =>
        {
            for (int plane = begin; plane < end; plane++)
            {
                if (z.IsGlobal)
                    new Span<float>(dx + ((long)plane * pixels), pixels).Fill(dy[plane] / pixels);
                else if (Pool2x2.Suits(z))
                    Pool2x2.AverageGradient(z, dy + ((long)plane * windows), dx + ((long)plane * pixels));
                else
                    Spread(z, dy + ((long)plane * windows), dx + ((long)plane * pixels));
            }
        }, grain: Math.Max(1, 4096 / pixels));
    }

    public override void Kernel(KernelBinding b)
    {
        PoolWindows windows = PoolWindows.Of(PoolSizes.OfGradient(Geometry, b.Node.Inputs[0].Type, Height, Width));
        ArrayView<float> dy = b.In(0), dx = b.Out();
        int counted = CountPadding ? 1 : 0;
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, PoolWindows, int>(PoolingKernels.AverageGradient);
        b.Launch(() => run(dx.IntLength, dy, dx, windows, counted));
    }

    private unsafe void Spread(PoolSizes z, float* dy, float* dx)
    {
        new Span<float>(dx, z.H * z.W).Clear();
        for (int p = 0; p < z.P; p++)
        {
            (int top, int bottom) = z.RowsOf(p);
            for (int q = 0; q < z.Q; q++)
            {
                (int left, int right) = z.ColumnsOf(q);
                float share = dy[(p * z.Q) + q] / AveragePool2D.Divisor(z, CountPadding, p, q);
                for (int h = top; h < bottom; h++)
                {
                    for (int w = left; w < right; w++)
                        dx[(h * z.W) + w] += share;
                }
            }
        }
    }
}
