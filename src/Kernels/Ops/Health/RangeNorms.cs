using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Health;

/// <summary>Ranges of a buffer, by start and length.</summary>
public sealed record BufferRanges(IReadOnlyList<(int Begin, int Length)> All)
{
    public int Count => All.Count;

    // Equal ranges make equal ops.
    public bool Equals(BufferRanges? other) => other is not null && All.SequenceEqual(other.All);

    public override int GetHashCode() => All.Count;
}

/// <summary>
/// The norm of each range of a buffer, such as every layer's gradient, in one launch. With a second buffer it is the norm of the
/// difference, such as each layer's update.
/// </summary>
/// <remarks>Inputs: x [n], and y [n] if <paramref name="Difference"/>. Output: [ranges].</remarks>
public sealed record RangeNorms(BufferRanges Ranges, bool Difference = false) : Op
{
    private const int Block = 16384;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Difference ? 2 : 1, Name);
        Expect.Rank(inputs[0], 1, "x", "a buffer");
        if (Difference)
            Expect.Shape(inputs[1], inputs[0].Shape, "y");
        foreach ((int begin, int length) in Ranges.All)
            Expect.That(begin >= 0 && length >= 0 && begin <= inputs[0].Shape[0] - length, $"'x' has {inputs[0].Shape[0]} elements; there are no {length} from {begin} on.");
        return [new TensorType(new Shape(Ranges.Count))];
    }

    public override Cost Cost(Node node) => new((Difference ? 3.0 : 2.0) * Ranges.All.Sum(r => (double)r.Length), node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        for (int r = 0; r < Ranges.Count; r++)
        {
            (int begin, int length) = Ranges.All[r];
            double sum = 0;
            for (int i = begin; i < begin + length; i++)
            {
                double d = Difference ? a.In(0)[i] - a.In(1)[i] : a.In(0)[i];
                sum += d * d;
            }
            a.Out()[r] = Math.Sqrt(sum);
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* x = b.In(0), y = Difference ? b.In(1) : null, norms = b.Out();
        (int Range, int Begin, int Length)[] blocks = [.. Ranges.All.SelectMany((range, r) =>
            Enumerable.Range(0, (range.Length + Block - 1) / Block).Select(i => (r, range.Begin + (i * Block), Math.Min(Block, range.Length - (i * Block)))))];
        ScratchRegion sums = b.Scratch(Math.Max(1, blocks.Length));
        b.Parallel(blocks.Length, (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
            {
                (_, int at, int length) = blocks[i];
                sums.Pointer[i] = y is null ? Sums.OfSquares(x + at, length) : DifferenceLoop.Squares(x + at, y + at, length);
            }
        });
        b.Serial(() =>
        {
            new Span<float>(norms, Ranges.Count).Clear();
            for (int i = 0, range = 0; i < blocks.Length; range++)
            {
                double sum = 0;
                for (; i < blocks.Length && blocks[i].Range == range; i++)
                    sum += sums.Pointer[i];
                norms[range] = (float)Math.Sqrt(sum);
            }
        });
    }

    public override void Kernel(KernelBinding b) => HealthKernels.AddNorms(b, Ranges, Difference);
}

/// <summary>Σ (x - y)².</summary>
internal static unsafe class DifferenceLoop
{
    public static float Squares(float* x, float* y, int count) =>
        Simd.Is512 ? Squares<V512>(x, y, count) : Simd.Is256 ? Squares<V256>(x, y, count) : Squares<V128>(x, y, count);

    private static float Squares<V>(float* x, float* y, int count) where V : struct, IVector<V>
    {
        V s0 = V.Of(0), s1 = s0;
        int i = 0;
        for (; i <= count - (2 * V.Lanes); i += 2 * V.Lanes)
        {
            V d0 = V.Load(x + i) - V.Load(y + i), d1 = V.Load(x + i + V.Lanes) - V.Load(y + i + V.Lanes);
            s0 = V.Fma(d0, d0, s0);
            s1 = V.Fma(d1, d1, s1);
        }
        float sum = (s0 + s1).Sum();
        for (; i < count; i++)
            sum += (x[i] - y[i]) * (x[i] - y[i]);
        return sum;
    }
}
