using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>Adds learned positions: y = x + p, with the same p for each sample.</summary>
/// <remarks>Inputs: x [N, T, F], p [most, F] with most ≥ T, of which the first T rows are added, or, if <paramref name="Placed"/>, the rows starting at a position, int [1]; it then has no gradient. Output: as x.</remarks>
public sealed record AddPositions(bool Placed = false) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Placed ? 3 : 2, Name);
        Expect.Rank(inputs[0], 3, "x", "[N, T, F]");
        Expect.Rank(inputs[1], 2, "positions", "[most, F]");
        Expect.That(inputs[1].Shape[1] == inputs[0].Shape[2] && inputs[1].Shape[0] >= inputs[0].Shape[1], $"'positions' has shape {inputs[1].Shape}; expected {inputs[0].Shape.WithoutBatch()}, or more rows.");
        if (Placed)
            FirstStep.Check(inputs[2]);
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new(node.Outputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        if (Placed)
            throw new InvalidOperationException("Steps are placed where a network generates, which learns nothing.");
        if (b.Needs(0))
            b.Give(0, b.Gradient());
        if (b.Needs(1))
            b.Give(1, b.Graph.Add(new PositionGradient(b.Input(1).Shape), b.Gradient()));
    }

    public override void Reference(ReferenceArguments a)
    {
        (int steps, int width) = (a.InShape(0)[1], a.InShape(0)[2]);
        int first = width * FirstStep.Of(a, Placed, a.InShape(1)[0], steps);
        for (int i = 0; i < a.Out().Length; i++)
            a.Out()[i] = a.In(0)[i] + a.In(1)[first + (i % (steps * width))];
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int width = b.InShape(0)[2], steps = b.InShape(0)[1];
        float* x = b.In(0), p = b.In(1), y = b.Out();
        int* begins = FirstStep.Of(b, Placed);
        int most = b.InShape(1)[0];
        b.Parallel(b.InShape(0).Count / width, (begin, end, _) =>
        {
            int first = FirstStep.Of(begins, most, steps);
            for (int row = begin; row < end; row++)
            {
                new ReadOnlySpan<float>(x + ((long)row * width), width).CopyTo(new Span<float>(y + ((long)row * width), width));
                Sums.AddTo(p + ((long)(first + (row % steps)) * width), y + ((long)row * width), width);
            }
        }, grain: Math.Max(1, 4096 / width));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> x = b.In(0), p = b.In(1), y = b.Out();
        (int steps, int width) = (b.InShape(0)[1], b.InShape(0)[2]);
        KernelFirstStep first = FirstStep.Of(b, Placed, b.InShape(1)[0], steps);
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, KernelFirstStep, int, int, ArrayView<float>>(PositionKernels.Add);
        b.Launch(() => run(y.IntLength, x, p, first, width, steps * width, y));
    }
}

/// <summary>The gradient of learned positions: the sum over samples, with zeros for positions beyond the steps.</summary>
/// <remarks>Input: dy [N, T, F]. Output: [most, F].</remarks>
public sealed record PositionGradient(Shape Positions) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Expect.Rank(inputs[0], 3, "dy", "[N, T, F]");
        return [new TensorType(Positions)];
    }

    public override Cost Cost(Node node) => new(node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        int size = a.InShape(0).WithoutBatch().Count;
        a.Out().Clear();
        for (int i = 0; i < a.In(0).Length; i++)
            a.Out()[i % size] += a.In(0)[i];
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int width = Positions[1], samples = b.InShape(0)[0], steps = b.InShape(0)[1];
        float* dy = b.In(0), sums = b.Out();
        b.Parallel(Positions[0], (begin, end, _) =>
        {
            for (int t = begin; t < end; t++)
            {
                float* sum = sums + ((long)t * width);
                new Span<float>(sum, width).Clear();
                for (int n = 0; n < samples && t < steps; n++)
                    Sums.AddTo(dy + ((((long)n * steps) + t) * width), sum, width);
            }
        }, grain: Math.Max(1, 4096 / (width * samples)));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> dy = b.In(0), sums = b.Out();
        int samples = b.InShape(0)[0], size = b.InShape(0).WithoutBatch().Count;
        var run = b.Loader.Items<ArrayView<float>, int, int, ArrayView<float>>(PositionKernels.Sum);
        b.Launch(() => run(sums.IntLength, dy, samples, size, sums));
    }
}

/// <summary>
/// y = x + p with p[t, 2i] = sin(t·Base^(-2i/F)) and p[t, 2i + 1] = cos(t·Base^(-2i/F)) (Vaswani et al., 2017).
/// </summary>
/// <remarks>Inputs: x [N, T, F]; if <paramref name="Most"/> is given, the position of the first step, int [1]. Output: as x.</remarks>
/// <param name="Base">The longest wavelength is 2π·Base steps.</param>
/// <param name="Most">Number of positions, if the steps of x don't start at the first; 0 if they do.</param>
public sealed record AddSinusoids(double Base = 10000, int Most = 0) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Most > 0 ? 2 : 1, Name);
        Expect.Rank(inputs[0], 3, "x", "[N, T, F]");
        Expect.Element(inputs[0], ElementType.Real, "x");
        if (Most > 0)
            FirstStep.Check(inputs[1]);
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new(node.Outputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b) => b.Give(0, b.Gradient());

    public override void Reference(ReferenceArguments a)
    {
        (int steps, int width) = (a.InShape(0)[1], a.InShape(0)[2]);
        int first = FirstStep.Of(a, Most > 0, Most, steps);
        for (int i = 0; i < a.Out().Length; i++)
            a.Out()[i] = a.In(0)[i] + Wave(first + (i / width % steps), i % width, width);
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        (int steps, int width) = (b.InShape(0)[1], b.InShape(0)[2]);
        float* x = b.In(0), y = b.Out(), waves = (float*)b.Table(Bits(Math.Max(Most, steps), width));
        int* begins = FirstStep.Of(b, Most > 0);
        b.Parallel(b.InShape(0).Count / width, (begin, end, _) =>
        {
            int first = FirstStep.Of(begins, Most, steps);
            for (int row = begin; row < end; row++)
            {
                new ReadOnlySpan<float>(x + ((long)row * width), width).CopyTo(new Span<float>(y + ((long)row * width), width));
                Sums.AddTo(waves + ((long)(first + (row % steps)) * width), y + ((long)row * width), width);
            }
        }, grain: Math.Max(1, 4096 / width));
    }

    public override void Kernel(KernelBinding b)
    {
        (int steps, int width) = (b.InShape(0)[1], b.InShape(0)[2]);
        ArrayView<float> x = b.In(0), y = b.Out(), waves = b.Table<float>(System.Runtime.InteropServices.MemoryMarshal.Cast<int, float>(Bits(Math.Max(Most, steps), width)));
        KernelFirstStep first = FirstStep.Of(b, Most > 0, Math.Max(Most, steps), steps);
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, KernelFirstStep, int, int, ArrayView<float>>(PositionKernels.Add);
        b.Launch(() => run(y.IntLength, x, waves, first, width, steps * width, y));
    }

    /// <summary>Encoding of position <paramref name="t"/>, component <paramref name="i"/>.</summary>
    public double Wave(int t, int i, int width)
    {
        double angle = t * Math.Pow(Base, -(double)(i / 2 * 2) / width);
        return i % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle);
    }

    private int[] Bits(int steps, int width) => [.. Enumerable.Range(0, checked(steps * width)).Select(i => BitConverter.SingleToInt32Bits((float)Wave(i / width, i % width, width)))];
}

internal static class PositionKernels
{
    /// <summary>y = x + p, one thread per element; a sample has <paramref name="size"/>.</summary>
    public static void Add(Index1D i, ArrayView<float> x, ArrayView<float> p, KernelFirstStep first, int width, int size, ArrayView<float> y) =>
        y[i] = x[i] + p[(first.Value * width) + (i.X % size)];

    /// <summary>Σ dy over samples, one thread per element.</summary>
    public static void Sum(Index1D i, ArrayView<float> dy, int samples, int size, ArrayView<float> sums)
    {
        float sum = 0f;
        for (int n = 0; n < samples && i.X < size; n++)
            sum += dy[((long)n * size) + i.X];
        sums[i] = sum;
    }
}
