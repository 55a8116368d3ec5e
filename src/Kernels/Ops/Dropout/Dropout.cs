using System.Runtime.Intrinsics;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Dropout;

/// <summary>
/// Inverted dropout (Srivastava et al., 2014): each element is 0 with probability <paramref name="Rate"/>, else divided by
/// 1 - rate, so that the expectation is preserved and evaluation needs no dropout. The mask is not stored: it follows from
/// seed, step, stream and position (see <see cref="DropoutMask"/>), so the gradient is the same op over dy.
/// </summary>
/// <remarks>Inputs: x, rng Int32[5]: seed low and high, batch number low and high, first sample. Output: y as x.</remarks>
/// <param name="Rate">From 0 to below 1.</param>
/// <param name="Stream">Distinguishes the dropout layers of a network: no two may share it.</param>
/// <param name="Channels">Whole channels of x [N, C, …] are dropped together (Tompson et al., 2014).</param>
public sealed record Dropout(double Rate, uint Stream, bool Channels = false) : Op
{
    private const int Block = 4096;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        Expect.Element(inputs[0], ElementType.Real, "x");
        Expect.That(Rate is >= 0 and < 1, $"Dropout has rate {Rate}, expected a number from 0 to below 1.");
        Expect.That(!Channels || inputs[0].Shape.Rank >= 2, $"'x' has shape {inputs[0].Shape}, expected [samples, channels, ...] to drop channels.");
        Expect.Element(inputs[1], ElementType.Int32, "rng");
        Expect.Shape(inputs[1], new Shape(DropoutMask.RngLength), "rng");
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new(20.0 * node.Inputs[0].Shape.Length / (Channels ? Inner(node.Inputs[0].Shape) : 1), node.BytesTouched);

    public override void Differentiate(Backprop b) => b.Give(0, b.Graph.Add(this, b.Gradient(), b.Input(1)));

    public override void Reference(ReferenceArguments a)
    {
        int inner = Channels ? Inner(a.InShape(0)) : 1;
        var mask = new DropoutMask(a.InInt(1), Stream, Rate, Sample(a.InShape(0)));
        for (int i = 0; i < a.Out().Length; i++)
            a.Out()[i] = mask.Keeps(i / inner) ? a.In(0)[i] / (1 - Rate) : 0;
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* x = b.In(0), y = b.Out();
        int* rng = b.InInt(1);
        int count = b.InShape(0).Count, inner = Channels ? Inner(b.InShape(0)) : 1;
        uint sample = Sample(b.InShape(0));
        if (inner > 1)
            b.Parallel(count / inner, (begin, end, _) => Planes(Mask(rng, sample), x, begin, end, inner, y), grain: Math.Max(1, Block / inner));
        else
            b.Parallel((count + Block - 1) / Block, (begin, end, _) => Elements(Mask(rng, sample), x, begin * Block, Math.Min(end * Block, count), y));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> x = b.In(0), y = b.Out();
        ArrayView<int> rng = b.InInt(1);
        int count = b.InShape(0).Count, inner = Channels ? Inner(b.InShape(0)) : 1;
        var rule = new DropoutRule(Stream, DropoutMask.ThresholdOf(Rate), (float)(1 / (1 - Rate)), Sample(b.InShape(0)));
        if (inner > 1)
        {
            var planes = b.Loader.Items<ArrayView<float>, ArrayView<int>, DropoutRule, int, ArrayView<float>>(DropoutKernels.Planes);
            b.Launch(() => planes(count, x, rng, rule, inner, y));
            return;
        }
        var elements = b.Loader.Items<ArrayView<float>, ArrayView<int>, DropoutRule, int, ArrayView<float>>(DropoutKernels.Elements);
        // One more than a part needs that begins with a block of random bits.
        b.Launch(() => elements((count + 6) / 4, x, rng, rule, count, y));
    }

    private static int Inner(Shape x) => x.LengthOf(2..);

    // Elements of a sample that are kept or dropped one by one.
    private uint Sample(Shape x) => (uint)(x.Count / x[0] / (Channels ? Inner(x) : 1));

    private unsafe DropoutMask Mask(int* rng, uint sample) => new(new ReadOnlySpan<int>(rng, DropoutMask.RngLength), Stream, Rate, sample);

    private unsafe void Planes(DropoutMask mask, float* x, int begin, int end, int inner, float* y)
    {
        float scale = (float)(1 / (1 - Rate));
        for (int plane = begin; plane < end; plane++)
        {
            long at = (long)plane * inner;
            if (mask.Keeps(plane))
                MapLoop.Run<Scale.Map>(scale, x + at, null, null, y + at, inner);
            else
                new Span<float>(y + at, inner).Clear();
        }
    }

    private unsafe void Elements(DropoutMask mask, float* x, int begin, int end, float* y)
    {
        float scale = (float)(1 / (1 - Rate));
        int i = begin;
        for (; i < end && mask.Skip(i) != 0; i++)
            y[i] = mask.Keeps(i) ? x[i] * scale : 0;
        for (; i <= end - 8; i += 8)
            ((Vector256.Load(x + i) * scale).AsInt32() & mask.KeepsEight(i)).AsSingle().Store(y + i);
        for (; i < end; i++)
            y[i] = mask.Keeps(i) ? x[i] * scale : 0;
    }
}
