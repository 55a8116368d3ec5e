using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Ops.Softmax;

/// <summary>
/// Over the last axis: y = e^x / Σ e^x, or its logarithm y = x - ln Σ e^x. The largest x is subtracted first, so nothing
/// overflows. To train a classifier use the softmax cross-entropy, which is one op.
/// </summary>
/// <remarks>Input: x [..., K]. Output: y as x.</remarks>
public sealed record Softmax(bool Log = false) : Op
{
    public override string Name => Log ? "LogSoftmax" : "Softmax";

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Expect.Element(inputs[0], ElementType.Real, "x");
        Expect.That(inputs[0].Shape.Rank > 0, $"'x' has shape {inputs[0].Shape}, expected a last axis to take the softmax over.");
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new(14.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b) => b.Give(0, b.Graph.Add(new SoftmaxGradient(Log), b.Gradient(), b.Output(0)));

    public override void Reference(ReferenceArguments a)
    {
        int size = a.InShape(0)[^1];
        for (int begin = 0; begin < a.In(0).Length; begin += size)
        {
            ReadOnlySpan<double> x = a.In(0).Slice(begin, size);
            double max = double.NegativeInfinity, sum = 0;
            foreach (double v in x)
                max = Math.Max(max, v);
            foreach (double v in x)
                sum += Math.Exp(v - max);
            for (int i = 0; i < size; i++)
                a.Out()[begin + i] = Log ? x[i] - max - Math.Log(sum) : Math.Exp(x[i] - max) / sum;
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int size = b.InShape(0)[^1];
        float* x = b.In(0), y = b.Out();
        b.Parallel(b.InShape(0).LengthOf(..^1), (begin, end, _) =>
        {
            for (int row = begin; row < end; row++)
            {
                long at = (long)row * size;
                if (Log)
                    SoftmaxRow.RunLog(x + at, y + at, size);
                else
                    SoftmaxRow.Run(x + at, y + at, size);
            }
        }, grain: Math.Max(1, 4096 / size));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> x = b.In(0), y = b.Out();
        RowLanes rows = RowLanes.Of(b.InShape(0).LengthOf(..^1), b.InShape(0)[^1]);
        KernelConfig config = RowLanes.Config(rows);
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<float>, RowLanes>(Log ? SoftmaxKernels.Log : SoftmaxKernels.Plain, new KernelSpecialization(RowLanes.Threads, null));
        b.Launch(() => run(config, x, y, rows));
    }
}

/// <summary>dx = y·(dy - Σ dy·y) of the softmax, dx = dy - e^y·Σ dy of its logarithm; each over the last axis.</summary>
/// <remarks>Inputs: dy, y. Output: dx.</remarks>
public sealed record SoftmaxGradient(bool Log) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        Expect.Shape(inputs[1], inputs[0].Shape, "y");
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new((Log ? 13.0 : 4.0) * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        int size = a.InShape(0)[^1];
        for (int begin = 0; begin < a.In(0).Length; begin += size)
        {
            ReadOnlySpan<double> dy = a.In(0).Slice(begin, size), y = a.In(1).Slice(begin, size);
            double sum = 0;
            for (int i = 0; i < size; i++)
                sum += Log ? dy[i] : dy[i] * y[i];
            for (int i = 0; i < size; i++)
                a.Out()[begin + i] = Log ? dy[i] - (Math.Exp(y[i]) * sum) : y[i] * (dy[i] - sum);
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int size = b.InShape(0)[^1];
        float* dy = b.In(0), y = b.In(1), dx = b.Out();
        b.Parallel(b.InShape(0).LengthOf(..^1), (begin, end, _) =>
        {
            for (int row = begin; row < end; row++)
            {
                long at = (long)row * size;
                float sum = Log ? Sums.Of(dy + at, size) : Sums.Dot(dy + at, y + at, size);
                Map(dy + at, y + at, dx + at, sum, size);
            }
        }, grain: Math.Max(1, 4096 / size));
    }

    public override void Kernel(KernelBinding b)
    {
        if (Log)
            AddKernel<Copy.Map, LogMap>(b);
        else
            AddKernel<Multiply.Map, PlainMap>(b);
    }

    private static void AddKernel<W, M>(KernelBinding b) where W : struct, IMap where M : struct, IMap
    {
        ArrayView<float> dy = b.In(0), y = b.In(1), dx = b.Out();
        RowLanes rows = RowLanes.Of(b.InShape(0).LengthOf(..^1), b.InShape(0)[^1]);
        KernelConfig config = RowLanes.Config(rows);
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<float>, ArrayView<float>, RowLanes>(SoftmaxKernels.Gradient<W, M>, new KernelSpecialization(RowLanes.Threads, null));
        b.Launch(() => run(config, dy, y, dx, rows));
    }

    private unsafe void Map(float* dy, float* y, float* dx, float sum, int count)
    {
        if (Log)
            MapLoop.Run<LogMap>(sum, dy, y, y, dx, count);
        else
            MapLoop.Run<PlainMap>(sum, dy, y, y, dx, count);
    }

    internal readonly struct PlainMap : IMap
    {
        public static int Inputs => 2;

        public static int Flops => 2;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => b * (a - constant);
    }

    internal readonly struct LogMap : IMap
    {
        public static int Inputs => 2;

        public static int Flops => 12;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => a - (R.Exp(b) * constant);
    }
}
