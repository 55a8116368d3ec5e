using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Ops.Pooling;

/// <summary>Where the gradient of a tied maximum goes.</summary>
public enum Ties
{
    /// <summary>To the first in scan order, as in cuDNN and PyTorch.</summary>
    First,

    /// <summary>To all of them, in equal parts.</summary>
    Split,
}

/// <summary>The maximum of each window; padding counts as -∞, and a window that contains NaN gives NaN.</summary>
/// <remarks>
/// Input: x [N, C, H, W]. Outputs: y [N, C, P, Q]; and for the gradient, of the same shape, for each window with
/// <see cref="Ties.First"/> the position of its maximum (r·S + s), with <see cref="Ties.Split"/> the number of pixels equal to it:
/// bytes for windows of up to 255 pixels, else ints.
/// </remarks>
public sealed record MaxPool2D(PoolGeometry Geometry, Ties Ties = Ties.First) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Shape y = PoolSizes.Of(Geometry, inputs[0]).Y;
        return [new TensorType(y), new TensorType(y, Geometry.PlaceType)];
    }

    public override Cost Cost(Node node) => new((double)node.Outputs[0].Shape.Length * Geometry.Window.R * Geometry.Window.S, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        Tensor x = b.Input(0);
        var backward = new MaxPoolGradient(Geometry, Ties, x.Shape[2], x.Shape[3]);
        b.Give(0, Ties == Ties.First
            ? b.Graph.Add(backward, b.Gradient(), b.Output(1))
            : b.Graph.Add(backward, b.Gradient(), b.Output(1), x, b.Output(0)));
    }

    public override void Reference(ReferenceArguments a)
    {
        PoolSizes z = PoolSizes.Of(Geometry, a.Node.Inputs[0].Type);
        for (int i = 0; i < a.Out().Length; i++)
        {
            int plane = i / (z.P * z.Q), p = i / z.Q % z.P, q = i % z.Q;
            (double max, int place, int count) = Largest(z, a.In(0).Slice(plane * z.H * z.W, z.H * z.W), p, q);
            a.Out()[i] = max;
            int mark = Ties == Ties.First ? place : count;
            if (Geometry.PlaceType == ElementType.Byte)
                a.OutByte(1)[i] = (byte)mark;
            else
                a.OutInt(1)[i] = mark;
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        PoolSizes z = PoolSizes.Of(Geometry, b.Node.Inputs[0].Type);
        float* y = b.Out();
        byte* bytes = Geometry.PlaceType == ElementType.Byte ? b.OutByte(1) : null;
        int* ints = bytes is null ? b.OutInt(1) : null;
        if (z.IsGlobal)
        {
            AddGlobal(b, z, b.In(0), y, bytes, ints);
            return;
        }
        if (Ties == Ties.First && Pool2x2.Suits(z))
        {
            float* x = b.In(0);
            b.Parallel(z.Planes, (begin, end, _) =>
            {
                for (int i = begin; i < end; i++)
                    Pool2x2.Max(z, x + ((long)i * z.H * z.W), y + ((long)i * z.P * z.Q), bytes + ((long)i * z.P * z.Q));
            }, grain: Math.Max(1, 4096 / (z.H * z.W)));
            return;
        }
        new CpuWindows(b, z, float.NegativeInfinity).AddPhase(b.In(0), LoopOf(Ties), (values, marks, _, at) =>
        {
            Copies.Copy(values, y + at, z.Q);
            for (int q = 0; q < z.Q; q++)
            {
                if (bytes is null)
                    ints[at + q] = (int)marks[q];
                else
                    bytes[at + q] = (byte)marks[q];
            }
        });
    }

    public override void Kernel(KernelBinding b)
    {
        if (Geometry.PlaceType == ElementType.Byte)
            AddKernel(b, new ByteMarks(b.OutByte(1)));
        else
            AddKernel(b, new IntMarks(b.OutInt(1)));
    }

    private void AddKernel<K>(KernelBinding b, K marks) where K : struct, IMarks
    {
        PoolSizes z = PoolSizes.Of(Geometry, b.Node.Inputs[0].Type);
        ArrayView<float> x = b.In(0), y = b.Out();
        int split = Ties == Ties.Split ? 1 : 0;
        if (z.IsGlobal)
        {
            RowLanes planes = RowLanes.Of(z.Planes, z.H * z.W);
            KernelConfig config = RowLanes.Config(planes);
            var global = b.Loader.Groups<ArrayView<float>, ArrayView<float>, K, RowLanes, int>(PoolingKernels.GlobalMax<K>, new KernelSpecialization(RowLanes.Threads, null));
            b.Launch(() => global(config, x, y, marks, planes, split));
            return;
        }
        PoolWindows windows = PoolWindows.Of(z);
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, K, PoolWindows, int>(PoolingKernels.Max<K>);
        b.Launch(() => run(y.IntLength, x, y, marks, windows, split));
    }

    private static (double Max, int Place, int Count) Largest(PoolSizes z, ReadOnlySpan<double> plane, int p, int q)
    {
        (int top, int bottom) = z.RowsOf(p);
        (int left, int right) = z.ColumnsOf(q);
        double max = plane[(top * z.W) + left];
        (int place, int count) = (z.PlaceOf(p, q, top, left), 0);
        for (int h = top; h < bottom; h++)
        {
            for (int w = left; w < right; w++)
            {
                double v = plane[(h * z.W) + w];
                if (v > max)
                    (place, count) = (z.PlaceOf(p, q, h, w), 0);
                max = Math.Max(max, v); // NaN if either is; nothing compares as greater after that
                count += v == max ? 1 : 0;
            }
        }
        return (max, place, count);
    }

    // One window per channel: no neighbours to vectorise over, so it is read in place.
    private unsafe void AddGlobal(CpuBinding b, PoolSizes z, float* x, float* y, byte* bytes, int* ints)
    {
        int pixels = z.H * z.W;
        b.Parallel(z.Planes, (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
            {
                float* plane = x + ((long)i * pixels);
                (float max, int mark) = (plane[0], Ties == Ties.First ? 0 : 1);
                for (int pixel = 1; pixel < pixels; pixel++)
                {
                    float v = plane[pixel];
                    if (v > max)
                        mark = Ties == Ties.First ? pixel : 1;
                    else if (v == max && Ties == Ties.Split)
                        mark++;
                    max = MathF.Max(max, v);
                }
                y[i] = max;
                if (bytes is null)
                    ints[i] = mark;
                else
                    bytes[i] = (byte)mark;
            }
        }, grain: Math.Max(1, 4096 / pixels));
    }

    private static unsafe WindowLoop LoopOf(Ties ties) => ties == Ties.First
        ? Simd.Is512 ? Places<V512> : Simd.Is256 ? Places<V256> : Places<V128>
        : Simd.Is512 ? Counts<V512> : Simd.Is256 ? Counts<V256> : Counts<V128>;

    // The position is a float, exact up to 2^24, so that it fits the lanes of the values.
    private static unsafe void Places<V>(float* pixels, int* offsets, int places, int columns, float* values, float* marks)
        where V : struct, IVector<V>
    {
        for (int column = 0; column < columns; column += V.Lanes)
        {
            V max = V.Load(pixels + offsets[0] + column), place = V.Of(0);
            for (int i = 1; i < places; i++)
            {
                V v = V.Load(pixels + offsets[i] + column);
                place = V.WhereGreater(v, max, V.Of(i), place);
                max = V.Max(max, v);
            }
            max.Store(values + column);
            place.Store(marks + column);
        }
    }

    private static unsafe void Counts<V>(float* pixels, int* offsets, int places, int columns, float* values, float* marks)
        where V : struct, IVector<V>
    {
        for (int column = 0; column < columns; column += V.Lanes)
        {
            V max = V.Load(pixels + offsets[0] + column), count = V.Of(0);
            for (int i = 1; i < places; i++)
                max = V.Max(max, V.Load(pixels + offsets[i] + column));
            for (int i = 0; i < places; i++)
                count += V.WhereGreater(max, V.Load(pixels + offsets[i] + column), V.Of(0), V.Of(1));
            max.Store(values + column);
            count.Store(marks + column);
        }
    }
}
