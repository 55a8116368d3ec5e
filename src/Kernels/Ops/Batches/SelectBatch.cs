using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>Positions in the <c>clock</c> tensor: integers that the host sets before each step.</summary>
public static class ClockLayout
{
    /// <summary>The run's seed, low and high word.</summary>
    public const int Seed = 0;

    /// <summary>The number of the batch, low and high word: with the seed it determines every random bit of the batch.</summary>
    public const int Batch = 2;

    /// <summary>Number of samples of the whole batch that other ranks have before this part of it, so that its masks are those of the whole.</summary>
    public const int First = 4;

    /// <summary>Number of leading words (seed, batch number, first sample) that random masks follow from.</summary>
    public const int RandomWords = 5;

    /// <summary>Number of samples of the epoch before this batch.</summary>
    public const int Cursor = 5;

    /// <summary>Encoding of a mix (<see cref="BatchMix"/>): the weight of the sample itself, then the rectangle's top and left, height and width, 16 bits each.</summary>
    public const int MixShare = 6, MixCorner = 7, MixSides = 8;

    public const int Length = 9;
}

/// <summary>
/// The indices of this step's samples: a range of the epoch's order. The order is uploaded once per epoch, so that a step
/// needs only its clock from the host.
/// </summary>
/// <remarks>Inputs: order int [samples], clock. Output: int [Batch].</remarks>
public sealed record SelectBatch(int Batch) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        Expect.Element(inputs[0], ElementType.Int32, "order");
        Expect.That(Batch <= inputs[0].Shape[0], $"A batch of {Batch} from {inputs[0].Shape[0]} samples.");
        return [new TensorType(new Shape(Batch), ElementType.Int32)];
    }

    public override void Reference(ReferenceArguments a) => a.InInt(0).Slice(a.InInt(1)[ClockLayout.Cursor], Batch).CopyTo(a.OutInt());

    public override unsafe void Cpu(CpuBinding b)
    {
        int* order = b.InInt(0), clock = b.InInt(1), y = b.OutInt();
        int total = b.InShape(0)[0];
        b.Serial(() => new ReadOnlySpan<int>(order, total).Slice(clock[ClockLayout.Cursor], Batch).CopyTo(new Span<int>(y, Batch)));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<int> order = b.InInt(0), clock = b.InInt(1), y = b.OutInt();
        var run = b.Loader.Items<ArrayView<int>, ArrayView<int>, ArrayView<int>>(BatchKernels.Select);
        b.Launch(() => run(y.IntLength, order, clock, y));
    }
}
