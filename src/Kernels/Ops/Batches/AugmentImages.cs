using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>
/// <see cref="GatherImages"/> with augmentation: samples are gathered by index, moved, rotated, partly erased,
/// normalised and given noise in one pass. The random numbers are defined at <see cref="Batches.Augmentation"/>.
/// </summary>
/// <remarks>
/// Inputs: data [samples, C, H, W] of bytes or reals ([samples, features] with noise only), indices int [N], scale [C],
/// shift [C], rng int [≥ 4] = seed low, seed high, step low, step high, …. Output: real [N, C, H, W].
/// </remarks>
public sealed record AugmentImages(Augmentation Augmentation) : Op
{
    /// <summary>Whether the data are only the samples of the batch, in order; the indices then only seed their random bits.</summary>
    public bool InOrder { get; init; }

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 5, Name);
        Expect.Element(inputs[4], ElementType.Int32, "rng");
        Expect.That(inputs[4].Shape.Rank == 1 && inputs[4].Shape[0] >= 4, $"'rng' has shape {inputs[4].Shape}, expected [4] or more: seed and step, low and high words.");
        if (Augmentation.IsSpatial)
            Expect.Rank(inputs[0], 4, "data", "samples, C, H, W; only noise can be added to other samples");
        if (InOrder)
            Expect.That(inputs[1].Shape[0] <= inputs[0].Shape[0], $"A batch of {inputs[1].Shape[0]} from {inputs[0].Shape[0]} samples.");
        return [GatherImages.Infer(inputs[0], inputs[1], inputs[2], inputs[3])];
    }

    public override Cost Cost(Node node) => GatherImages.CostOf(node, 2 + (Augmentation.Rotate > 0 ? 8 : 0) + (Augmentation.Noise > 0 ? 40 : 0));

    public override void Reference(ReferenceArguments a)
    {
        Shape shape = a.InShape(0);
        (int channels, int pixels) = (shape[1], shape.LengthOf(2..));
        (int height, int width) = Augmentation.IsSpatial ? (shape[2], shape[3]) : (1, pixels);
        ReadOnlySpan<int> indices = a.InInt(1), rng = a.InInt(4);
        Span<double> y = a.Out();
        for (int n = 0; n < indices.Length; n++)
        {
            var move = new SampleMove(Augmentation, rng, indices[n], height, width);
            for (int i = 0; i < channels * pixels; i++)
            {
                int c = i / pixels, row = i % pixels / width, column = i % width;
                double raw = move.Erases(row, column) ? 0 : Source(a, move, (InOrder ? n : indices[n], c), row, column, height, width);
                double noise = Augmentation.Noise == 0 ? 0 : Augmentation.Noise * Normal(rng, indices[n], i);
                y[(n * channels * pixels) + i] = (raw * a.In(2)[c]) + a.In(3)[c] + noise;
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        var source = new CpuSamples(b);
        float* y = b.Out();
        int* indices = b.InInt(1), rng = b.InInt(4);
        Shape shape = b.InShape(0);
        var size = Augmentation.IsSpatial ? (Height: shape[2], Width: shape[3]) : default;
        b.Parallel(b.OutShape()[0], (begin, end, _) =>
        {
            for (int n = begin; n < end; n++)
            {
                float* target = y + ((long)n * source.Size);
                var random = new ReadOnlySpan<int>(rng, 4);
                int row = InOrder ? n : indices[n];
                if (Augmentation.IsSpatial)
                    CpuMove.Run(source, new SampleMove(Augmentation, random, indices[n], size.Height, size.Width), row, size.Height, size.Width, Augmentation.Rotate > 0, Augmentation.Fill, target);
                else
                    source.Normalise(row, target);
                if (Augmentation.Noise > 0)
                    CpuNoise.Add(target, source.Size, (float)Augmentation.Noise, random, indices[n]);
            }
        }, grain: Math.Max(1, CpuSamples.Grain / source.Size));
    }

    public override void Kernel(KernelBinding b)
    {
        if (b.Node.Inputs[0].Type.Element == ElementType.Byte)
            AugmentKernels.Add(b, new BytePixels(b.InByte(0)), Augmentation, InOrder);
        else
            AugmentKernels.Add(b, new RealPixels(b.In(0)), Augmentation, InOrder);
    }

    private double Source(ReferenceArguments a, in SampleMove move, (int Sample, int Channel) plane, int row, int column, int height, int width)
    {
        int x = (move.MirrorX ? width - 1 - column : column) - move.ShiftX, y = (move.MirrorY ? height - 1 - row : row) - move.ShiftY;
        if (Augmentation.Rotate == 0)
            return Raw(a, plane, y, x, height, width);
        double u = x - ((width - 1) / 2.0), v = y - ((height - 1) / 2.0);
        double sourceX = (u * move.Cos) + (v * move.Sin) + ((width - 1) / 2.0), sourceY = (-u * move.Sin) + (v * move.Cos) + ((height - 1) / 2.0);
        int left = (int)Math.Floor(sourceX), top = (int)Math.Floor(sourceY);
        (double p, double q) = (sourceX - left, sourceY - top);
        return ((1 - q) * (((1 - p) * Raw(a, plane, top, left, height, width)) + (p * Raw(a, plane, top, left + 1, height, width))))
            + (q * (((1 - p) * Raw(a, plane, top + 1, left, height, width)) + (p * Raw(a, plane, top + 1, left + 1, height, width))));
    }

    private double Raw(ReferenceArguments a, (int Sample, int Channel) plane, int row, int column, int height, int width)
    {
        if (Augmentation.Fill == Outside.Reflect)
            (row, column) = (Augmentation.Mirrored(row, height), Augmentation.Mirrored(column, width));
        if (row < 0 || row >= height || column < 0 || column >= width)
            return Augmentation.Fill == Outside.Mean ? -a.In(3)[plane.Channel] / a.In(2)[plane.Channel] : 0;
        long first = ((long)plane.Sample * a.InShape(0)[1]) + plane.Channel;
        int at = checked((int)((((first * height) + row) * width) + column));
        return a.Node.Inputs[0].Type.Element == ElementType.Byte ? a.InByte(0)[at] : a.In(0)[at];
    }

    private static double Normal(ReadOnlySpan<int> rng, int sample, int element)
    {
        (uint a, uint b, uint c, uint d) = Philox.Bits(
            Augmentation.NoiseBlock + ((uint)element / 4), (uint)sample, (uint)rng[2], Augmentation.CounterHigh((uint)rng[3]), (uint)rng[0], (uint)rng[1]);
        (uint radius, uint angle) = element % 4 < 2 ? (a, b) : (c, d);
        double length = Math.Sqrt(-2 * Math.Log(1 - (double)Philox.Uniform(radius))), turn = 2 * Math.PI * Philox.Uniform(angle);
        return length * (element % 2 == 0 ? Math.Cos(turn) : Math.Sin(turn));
    }
}
