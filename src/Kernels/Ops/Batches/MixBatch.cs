using System.Runtime.Intrinsics;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>How a step's samples are mixed: each with the next, the last with the first.</summary>
/// <param name="Share">Weight of the sample itself, in units of 2⁻²⁴; the remainder is its partner's.</param>
/// <param name="Top">Top of the rectangle that comes from the partner.</param>
/// <param name="Left">Left side of that rectangle.</param>
/// <param name="Height">Height of that rectangle; 0 for mixup, which adds values.</param>
/// <param name="Width">Width of that rectangle.</param>
public readonly record struct BatchMix(int Share, int Top, int Left, int Height, int Width)
{
    /// <summary>A weight of one.</summary>
    public const int Whole = 1 << 24;

    /// <summary>Longest side of a picture for which the clock can encode a rectangle.</summary>
    public const int MostSide = 65535;

    /// <summary>No mixing.</summary>
    public static BatchMix None { get; } = new(Whole, 0, 0, 0, 0);

    public static BatchMix Of(ReadOnlySpan<int> clock) => new(
        clock[ClockLayout.MixShare],
        (int)((uint)clock[ClockLayout.MixCorner] >> 16), clock[ClockLayout.MixCorner] & 0xFFFF,
        (int)((uint)clock[ClockLayout.MixSides] >> 16), clock[ClockLayout.MixSides] & 0xFFFF);

    public void WriteTo(Span<int> clock)
    {
        clock[ClockLayout.MixShare] = Share;
        clock[ClockLayout.MixCorner] = (int)(((uint)Top << 16) | (uint)Left);
        clock[ClockLayout.MixSides] = (int)(((uint)Height << 16) | (uint)Width);
    }

    public bool Has(int row, int column) => row >= Top && row < Top + Height && column >= Left && column < Left + Width;
}

/// <summary>
/// Mixes the samples of a batch with each other (<see cref="BatchMix"/>): share·x[n] + (1 - share)·x[n + 1] (mixup, Zhang et al., 2018), or a
/// rectangle of x[n + 1] pasted over x[n] (CutMix, Yun et al., 2019).
/// </summary>
/// <remarks>Inputs: x [N, …], clock. Output: as x.</remarks>
/// <param name="Cuts">Whether to paste rectangles; otherwise values are always added, as for masks and targets.</param>
public sealed record MixBatch(bool Cuts) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        Expect.Element(inputs[1], ElementType.Int32, "clock");
        if (Cuts)
            Expect.Rank(inputs[0], 4, "x", "N, C, H, W");
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new(3.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        Shape shape = a.InShape(0);
        int batch = shape[0], size = shape.WithoutBatch().Count;
        (int height, int width) = Plane(shape);
        BatchMix mix = BatchMix.Of(a.InInt(1));
        double share = mix.Share / (double)BatchMix.Whole;
        for (int i = 0; i < a.Out().Length; i++)
        {
            double own = a.In(0)[i], other = a.In(0)[((i / size + 1) % batch * size) + (i % size)];
            a.Out()[i] = Cuts && mix.Height > 0 ? mix.Has(i / width % height, i % width) ? other : own : (share * own) + ((1 - share) * other);
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* x = b.In(0), y = b.Out();
        int* clock = b.InInt(1);
        int batch = b.InShape(0)[0], size = b.InShape(0).WithoutBatch().Count;
        (int height, int width) = Plane(b.InShape(0));
        b.Parallel(batch, (begin, end, _) =>
        {
            BatchMix mix = BatchMix.Of(new ReadOnlySpan<int>(clock, ClockLayout.Length));
            for (int n = begin; n < end; n++)
            {
                float* own = x + ((long)n * size), other = x + ((long)((n + 1) % batch) * size), target = y + ((long)n * size);
                if (Cuts && mix.Height > 0)
                    Cut(own, other, size, height, width, mix, target);
                else
                    Blend(own, other, size, mix.Share / (float)BatchMix.Whole, target);
            }
        }, grain: Math.Max(1, CpuSamples.Grain / size));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> x = b.In(0), y = b.Out();
        ArrayView<int> clock = b.InInt(1);
        int batch = b.InShape(0)[0], size = b.InShape(0).WithoutBatch().Count, cuts = Cuts ? 1 : 0;
        (int height, int width) = Plane(b.InShape(0));
        var run = b.Loader.Items<ArrayView<float>, ArrayView<int>, int, int, int, int, int, ArrayView<float>>(BatchKernels.Mix);
        b.Launch(() => run(y.IntLength, x, clock, batch, size, height, width, cuts, y));
    }

    private static (int Height, int Width) Plane(Shape shape) => shape.Rank == 4 ? (shape[2], shape[3]) : (1, 1);

    private static unsafe void Cut(float* own, float* other, int size, int height, int width, BatchMix mix, float* y)
    {
        new ReadOnlySpan<float>(own, size).CopyTo(new Span<float>(y, size));
        for (int plane = 0; plane < size; plane += height * width)
        {
            for (int row = mix.Top; row < mix.Top + mix.Height; row++)
            {
                int at = plane + (row * width) + mix.Left;
                new ReadOnlySpan<float>(other + at, mix.Width).CopyTo(new Span<float>(y + at, mix.Width));
            }
        }
    }

    // One multiplication and one fused multiply-add per element, so that the bits do not depend on the vector width.
    private static unsafe void Blend(float* own, float* other, int size, float share, float* y)
    {
        Vector256<float> a = Vector256.Create(share), b = Vector256.Create(1 - share);
        int i = 0;
        for (; i <= size - Vector256<float>.Count; i += Vector256<float>.Count)
            Vector256.FusedMultiplyAdd(a, Vector256.Load(own + i), b * Vector256.Load(other + i)).Store(y + i);
        for (; i < size; i++)
            y[i] = MathF.FusedMultiplyAdd(share, own[i], (1 - share) * other[i]);
    }
}

/// <summary>Labels or targets of the samples that <see cref="MixBatch"/> mixed.</summary>
/// <remarks>
/// Inputs: labels int [N], clock. Outputs: the partners' labels [N]; the labels with the larger share [N]; the share of a sample itself [1];
/// that of its partner [1].
/// </remarks>
public sealed record MixLabels : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        Expect.Element(inputs[0], ElementType.Int32, "labels");
        Expect.Element(inputs[1], ElementType.Int32, "clock");
        Expect.Rank(inputs[0], 1, "labels", "N");
        return [inputs[0], inputs[0], new TensorType(Shape.Scalar), new TensorType(Shape.Scalar)];
    }

    public override void Reference(ReferenceArguments a)
    {
        int batch = a.InShape(0)[0], share = a.InInt(1)[ClockLayout.MixShare];
        for (int n = 0; n < batch; n++)
        {
            int partner = a.InInt(0)[(n + 1) % batch];
            a.OutInt(0)[n] = partner;
            a.OutInt(1)[n] = share < BatchMix.Whole / 2 ? partner : a.InInt(0)[n];
        }
        a.Out(2)[0] = share / (double)BatchMix.Whole;
        a.Out(3)[0] = (BatchMix.Whole - share) / (double)BatchMix.Whole;
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int* labels = b.InInt(0), clock = b.InInt(1), partners = b.OutInt(0), larger = b.OutInt(1);
        float* own = b.Out(2), other = b.Out(3);
        int batch = b.InShape(0)[0];
        b.Serial(() =>
        {
            int share = clock[ClockLayout.MixShare];
            for (int n = 0; n < batch; n++)
            {
                partners[n] = labels[(n + 1) % batch];
                larger[n] = share < BatchMix.Whole / 2 ? partners[n] : labels[n];
            }
            own[0] = share / (float)BatchMix.Whole;
            other[0] = (BatchMix.Whole - share) / (float)BatchMix.Whole;
        });
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<int> labels = b.InInt(0), clock = b.InInt(1), partners = b.OutInt(0), larger = b.OutInt(1);
        ArrayView<float> own = b.Out(2), other = b.Out(3);
        var run = b.Loader.Items<ArrayView<int>, ArrayView<int>, int, ArrayView<int>, ArrayView<int>, ArrayView<float>, ArrayView<float>>(BatchKernels.MixLabels);
        b.Launch(() => run(labels.IntLength, labels, clock, labels.IntLength, partners, larger, own, other));
    }
}
