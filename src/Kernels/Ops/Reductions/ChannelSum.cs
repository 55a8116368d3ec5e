using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Reductions;

/// <summary>Sum over all axes but one: the gradient of a bias. [N, C, H, W] with axis 1 gives [C].</summary>
public sealed record ChannelSum(int Axis) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Expect.That(Axis < inputs[0].Shape.Rank, $"'x' has shape {inputs[0].Shape}; there is no axis {Axis} to keep.");
        return [new TensorType(new Shape(inputs[0].Shape[Axis]))];
    }

    public override Cost Cost(Node node) => new(node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b) => b.Give(0, b.Graph.Add(new ChannelBroadcast(b.Input(0).Shape, Axis), b.Gradient()));

    public override void Reference(ReferenceArguments a)
    {
        (int outer, int channels, int inner) = Split(a.InShape(0));
        ReadOnlySpan<double> x = a.In(0);
        Span<double> y = a.Out();
        y.Clear();
        for (int o = 0; o < outer; o++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int i = 0; i < inner; i++)
                    y[c] += x[(((o * channels) + c) * inner) + i];
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        (int outer, int channels, int inner) = Split(b.InShape(0));
        float* x = b.In(0), y = b.Out();
        if (inner == 1)
            AddColumns(b, x, y, outer, channels);
        else
            b.Parallel(channels, (begin, end, _) =>
            {
                for (int c = begin; c < end; c++)
                {
                    double sum = 0;
                    for (int o = 0; o < outer; o++)
                        sum += Sums.Of(x + ((((long)o * channels) + c) * inner), inner);
                    y[c] = (float)sum;
                }
            });
    }

    public override void Kernel(KernelBinding b)
    {
        (int outer, int channels, int inner) = Split(b.InShape(0));
        ReductionKernels.Add(b, b.In(0), b.Out(), outer, channels, inner);
    }

    // Columns of a matrix: each worker takes some columns through all rows, one vector of columns at a time.
    private static unsafe void AddColumns(CpuBinding b, float* x, float* y, int rows, int columns)
    {
        const int Block = 64;
        b.Parallel((columns + Block - 1) / Block, (begin, end, _) =>
        {
            int first = begin * Block, last = Math.Min(end * Block, columns);
            var sums = new Span<float>(y + first, last - first);
            sums.Clear();
            for (int r = 0; r < rows; r++)
                Sums.AddTo(x + ((long)r * columns) + first, y + first, sums.Length);
        });
    }

    private (int Outer, int Channels, int Inner) Split(Shape shape) => (shape.LengthOf(..Axis), shape[Axis], shape.LengthOf((Axis + 1)..));
}

/// <summary>Broadcasts a value per channel [C] to a tensor whose given axis is C: the gradient of a channel sum.</summary>
public sealed record ChannelBroadcast(Shape To, int Axis) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Expect.Shape(inputs[0], new Shape(To[Axis]), "x");
        return [new TensorType(To)];
    }

    public override void Differentiate(Backprop b) => b.Give(0, b.Graph.Add(new ChannelSum(Axis), b.Gradient()));

    public override void Reference(ReferenceArguments a)
    {
        int channels = To[Axis], inner = To.LengthOf((Axis + 1)..);
        Span<double> y = a.Out();
        for (int i = 0; i < y.Length; i++)
            y[i] = a.In(0)[i / inner % channels];
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int channels = To[Axis], inner = To.LengthOf((Axis + 1)..);
        float* x = b.In(0), y = b.Out();
        b.Parallel(To.LengthOf(..Axis), (begin, end, _) =>
        {
            for (int plane = begin * channels; plane < end * channels; plane++)
                new Span<float>(y + ((long)plane * inner), inner).Fill(x[plane % channels]);
        }, grain: Math.Max(1, 4096 / (channels * inner)));
    }

    public override void Kernel(KernelBinding b) => ReductionKernels.AddBroadcast(b, b.In(0), b.Out(), To[Axis], To.LengthOf((Axis + 1)..));
}
