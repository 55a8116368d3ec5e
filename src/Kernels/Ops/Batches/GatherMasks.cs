using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>
/// Gathers masks by index from a data set on the device: a class per pixel, as a byte. With augmentation they are moved,
/// rotated and flipped like the pictures in <see cref="AugmentImages"/>, with nearest-neighbour sampling.
/// </summary>
/// <remarks>
/// Inputs: masks byte [samples, H, W], indices int [N], with augmentation also rng int [≥ 4] as in AugmentImages. Output: int [N, H, W]; -1 if the
/// byte is 255, or if the pixel comes from outside a picture that is not mirrored at its edges.
/// </remarks>
/// <param name="Augmentation">Augmentation of the pictures; null for none.</param>
public sealed record GatherMasks(Augmentation? Augmentation = null) : Op
{
    private const int Nothing = -1;

    /// <summary>Whether the masks are only those of the batch, in order; the indices then only seed their changes.</summary>
    public bool InOrder { get; init; }

    private bool Moves => Augmentation is { FlipHorizontal: true } or { FlipVertical: true } or { Shift: > 0 } or { Rotate: > 0 };

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Augmentation is null ? 2 : 3, Name);
        Expect.Element(inputs[0], ElementType.Byte, "masks");
        Expect.Rank(inputs[0], 3, "masks", "samples, H, W");
        Expect.Element(inputs[1], ElementType.Int32, "indices");
        return [new TensorType(inputs[0].Shape.WithBatch(inputs[1].Shape[0]), ElementType.Int32)];
    }

    public override void Reference(ReferenceArguments a)
    {
        (int height, int width) = (a.InShape(0)[1], a.InShape(0)[2]);
        for (int i = 0; i < a.OutInt().Length; i++)
        {
            int n = i / (height * width), sample = a.InInt(1)[n];
            (int y, int x) = (i / width % height, i % width);
            if (Moves)
                (y, x) = Source(new SampleMove(Augmentation!, a.InInt(2), sample, height, width), y, x, height, width);
            bool inside = y >= 0 && y < height && x >= 0 && x < width;
            a.OutInt()[i] = inside && a.InByte(0)[((((InOrder ? n : sample) * height) + y) * width) + x] is var label and < byte.MaxValue ? label : Nothing;
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        (int height, int width) = (b.InShape(0)[1], b.InShape(0)[2]);
        byte* masks = b.InByte(0);
        int* indices = b.InInt(1), rng = Augmentation is null ? null : b.InInt(2), labels = b.OutInt();
        b.Parallel(b.OutShape()[0], (begin, end, _) =>
        {
            for (int n = begin; n < end; n++)
            {
                byte* mask = masks + ((long)(InOrder ? n : indices[n]) * height * width);
                int* target = labels + ((long)n * height * width);
                if (Moves)
                    Move(new SampleMove(Augmentation!, new ReadOnlySpan<int>(rng, 4), indices[n], height, width), mask, height, width, target);
                else
                    Copy(mask, height * width, target);
            }
        }, grain: Math.Max(1, CpuSamples.Grain / (height * width)));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<byte> masks = b.InByte(0);
        ArrayView<int> indices = b.InInt(1), labels = b.OutInt();
        var sizes = new AugmentSizes(1, b.InShape(0)[1], b.InShape(0)[2], Moves ? 1 : 0, Augmentation?.Rotate > 0 ? 1 : 0, InOrder ? 1 : 0, Augmentation?.Fill ?? Outside.Black, 0f);
        KernelScratchRegion moves = b.Scratch(Moves ? indices.Length * AugmentKernels.MoveLength : 1);
        if (Moves)
            AugmentKernels.AddDraw(b, Augmentation!, indices, b.InInt(2), sizes.Height, sizes.Width, moves);
        var run = b.Loader.Items<ArrayView<byte>, ArrayView<int>, ArrayView<int>, AugmentSizes, ArrayView<int>>(AugmentKernels.Masks);
        b.Launch(() => run(labels.IntLength, masks, indices, moves.View.Cast<int>(), sizes, labels));
    }

    private static unsafe void Copy(byte* mask, int count, int* labels)
    {
        for (int i = 0; i < count; i++)
            labels[i] = mask[i] == byte.MaxValue ? Nothing : mask[i];
    }

    private (int Y, int X) Source(in SampleMove move, int row, int column, int height, int width)
    {
        (int y, int x) = move.Nearest(row, column, height, width);
        return Augmentation!.Fill == Outside.Reflect ? (Augmentation.Mirrored(y, height), Augmentation.Mirrored(x, width)) : (y, x);
    }

    private unsafe void Move(in SampleMove move, byte* mask, int height, int width, int* labels)
    {
        for (int row = 0; row < height; row++)
        {
            for (int column = 0; column < width; column++, labels++)
            {
                (int y, int x) = Source(move, row, column, height, width);
                bool inside = y >= 0 && y < height && x >= 0 && x < width;
                *labels = inside && mask[((long)y * width) + x] is var label and < byte.MaxValue ? label : Nothing;
            }
        }
    }
}
