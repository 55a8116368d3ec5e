using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Steps;

/// <summary>Kinds of pooling over the steps of a sequence.</summary>
public enum TimePooling
{
    Mean,
    Max,
    Last,
}

/// <summary>Pools a sequence's real steps to one row: their mean, the maximum per feature, or the last. Of tied maxima the first gets the gradient.</summary>
/// <remarks>Inputs: x [N, T, F], lengths Int32 [N] if <paramref name="Lengths"/>. Output: y [N, F].</remarks>
public sealed record TimePool(TimePooling Pooling, bool Lengths = false) : Op
{
    public override string Name => $"TimePool {Pooling}";

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Lengths ? 2 : 1, Name);
        Expect.Rank(inputs[0], 3, "x", "[samples, steps, features]");
        Expect.Element(inputs[0], ElementType.Real, "x");
        if (Lengths)
            StepLengths.Check(inputs[1], inputs[0].Shape[0]);
        return [new TensorType(new Shape(inputs[0].Shape[0], inputs[0].Shape[2]))];
    }

    public override Cost Cost(Node node) => new(Pooling == TimePooling.Last ? 0 : node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        Tensor[] lengths = Lengths ? [b.Input(1)] : [];
        b.Give(0, b.Graph.Add(new TimePoolGradient(Pooling, Lengths), [b.Gradient(), b.Input(0), .. lengths]));
    }

    public override void Reference(ReferenceArguments a)
    {
        int steps = a.InShape(0)[1], width = a.InShape(0)[2];
        for (int i = 0; i < a.OutShape().Count; i++)
        {
            (int sample, int column) = Math.DivRem(i, width);
            int length = StepLengths.Of(a, Lengths, sample, steps);
            ReadOnlySpan<double> x = a.In(0)[((sample * steps * width) + column)..];
            double sum = 0, largest = x[0];
            for (int step = 0; step < length; step++)
                (sum, largest) = (sum + x[step * width], Math.Max(largest, x[step * width]));
            a.Out()[i] = Pooling switch { TimePooling.Mean => sum / length, TimePooling.Max => largest, _ => x[(length - 1) * width] };
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int steps = b.InShape(0)[1], width = b.InShape(0)[2];
        float* x = b.In(0), y = b.Out();
        StepLengths lengths = StepLengths.Of(b, Lengths, steps);
        b.Parallel(b.OutShape()[0], (begin, end, _) =>
        {
            for (int sample = begin; sample < end; sample++)
                Pool(x + ((long)sample * steps * width), y + ((long)sample * width), lengths[sample], width);
        }, grain: Math.Max(1, 4096 / (steps * width)));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> x = b.In(0), y = b.Out();
        ArrayView<int> lengths = Lengths ? b.InInt(1) : default;
        (int steps, int width) = (b.InShape(0)[1], b.InShape(0)[2]);
        var run = b.Loader.Items<ArrayView<float>, ArrayView<int>, ArrayView<float>, int, int>(Pooling switch
        {
            TimePooling.Mean => StepKernels.Mean,
            TimePooling.Max => StepKernels.Max,
            _ => StepKernels.Last,
        });
        b.Launch(() => run(y.IntLength, x, lengths, y, steps, width));
    }

    private unsafe void Pool(float* x, float* y, int length, int width)
    {
        Copies.Copy(Pooling == TimePooling.Last ? x + ((long)(length - 1) * width) : x, y, width);
        for (int step = 1; step < length && Pooling != TimePooling.Last; step++)
        {
            float* row = x + ((long)step * width);
            if (Pooling == TimePooling.Mean)
                Sums.AddTo(row, y, width);
            else
            {
                for (int i = 0; i < width; i++)
                    y[i] = Math.Max(y[i], row[i]);
            }
        }
        for (int i = 0; i < width && Pooling == TimePooling.Mean; i++)
            y[i] /= length;
    }
}

/// <summary>The gradient of a pooling over time; 0 beyond the end of a sequence.</summary>
/// <remarks>Inputs: dy [N, F], x [N, T, F], lengths Int32 [N] if <paramref name="Lengths"/>. Output: dx as x.</remarks>
public sealed record TimePoolGradient(TimePooling Pooling, bool Lengths) : Op
{
    public override string Name => $"TimePool gradient {Pooling}";

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Lengths ? 3 : 2, Name);
        Expect.Shape(inputs[0], new Shape(inputs[1].Shape[0], inputs[1].Shape[2]), "dy");
        if (Lengths)
            StepLengths.Check(inputs[2], inputs[1].Shape[0]);
        return [inputs[1]];
    }

    public override Cost Cost(Node node) => new(node.Outputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        int steps = a.InShape(1)[1], width = a.InShape(1)[2];
        a.Out().Clear();
        for (int i = 0; i < a.InShape(0).Count; i++)
        {
            (int sample, int column) = Math.DivRem(i, width);
            int length = StepLengths.Of(a, Lengths, sample, steps), first = (sample * steps * width) + column, winner = length - 1;
            for (int step = length - 1; step >= 0 && Pooling == TimePooling.Max; step--)
                winner = a.In(1)[first + (step * width)] >= a.In(1)[first + (winner * width)] ? step : winner;
            for (int step = 0; step < length; step++)
            {
                if (Pooling == TimePooling.Mean || step == winner)
                    a.Out()[first + (step * width)] = Pooling == TimePooling.Mean ? a.In(0)[i] / length : a.In(0)[i];
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int steps = b.InShape(1)[1], width = b.InShape(1)[2];
        float* dy = b.In(0), x = b.In(1), dx = b.Out();
        StepLengths lengths = StepLengths.Of(b, Lengths, steps);
        b.Parallel(b.InShape(1)[0], (begin, end, _) =>
        {
            for (int sample = begin; sample < end; sample++)
            {
                long at = (long)sample * steps * width;
                new Span<float>(dx + at, steps * width).Clear();
                Spread(dy + ((long)sample * width), x + at, dx + at, lengths[sample], width);
            }
        }, grain: Math.Max(1, 4096 / (steps * width)));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> dy = b.In(0), x = b.In(1), dx = b.Out();
        ArrayView<int> lengths = Lengths ? b.InInt(2) : default;
        (int steps, int width, int numbers) = (b.InShape(1)[1], b.InShape(1)[2], b.InShape(0).Count);
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<int>, ArrayView<float>, int, int>(Pooling switch
        {
            TimePooling.Mean => StepKernels.MeanGradient,
            TimePooling.Max => StepKernels.MaxGradient,
            _ => StepKernels.LastGradient,
        });
        b.Launch(() => run(numbers, dy, x, lengths, dx, steps, width));
    }

    private unsafe void Spread(float* dy, float* x, float* dx, int length, int width)
    {
        if (Pooling == TimePooling.Last)
            Copies.Copy(dy, dx + ((long)(length - 1) * width), width);
        for (int i = 0; i < width && Pooling == TimePooling.Mean; i++)
        {
            float share = dy[i] / length;
            for (int step = 0; step < length; step++)
                dx[((long)step * width) + i] = share;
        }
        for (int i = 0; i < width && Pooling == TimePooling.Max; i++)
        {
            int winner = 0;
            for (int step = 1; step < length; step++)
                winner = x[((long)step * width) + i] > x[((long)winner * width) + i] ? step : winner;
            dx[((long)winner * width) + i] = dy[i];
        }
    }
}
