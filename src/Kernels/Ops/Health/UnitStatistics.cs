using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Health;

/// <summary>
/// Statistics of a layer's units over a batch: for each channel of x its sum, its sum of squares, the number of zeros, of values at
/// or below <paramref name="Low"/>, at or above <paramref name="High"/>, and its largest absolute value. One pass over x, no gradient.
/// </summary>
/// <remarks>Input: x, its channels along <paramref name="Axis"/>. Output: [<see cref="Figures"/>, C].</remarks>
public sealed record UnitStatistics(int Axis, double Low, double High) : Op
{
    /// <summary>Rows of the output.</summary>
    public const int Sum = 0, Squares = 1, Zeros = 2, Lows = 3, Highs = 4, Largest = 5, Figures = 6;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Expect.Element(inputs[0], ElementType.Real, "x");
        Expect.That(Axis < inputs[0].Shape.Rank, $"'x' has shape {inputs[0].Shape}; there is no axis {Axis} to keep.");
        return [new TensorType(new Shape(Figures, inputs[0].Shape[Axis]))];
    }

    public override Cost Cost(Node node) => new(9.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        (_, int channels, int inner) = Split(a.InShape(0));
        ReadOnlySpan<double> x = a.In(0);
        Span<double> y = a.Out();
        y.Clear();
        for (int i = 0; i < x.Length; i++)
        {
            int c = i / inner % channels;
            double size = Math.Abs(x[i]);
            y[(Sum * channels) + c] += x[i];
            y[(Squares * channels) + c] += x[i] * x[i];
            y[(Zeros * channels) + c] += size > 0 ? 0 : 1;
            y[(Lows * channels) + c] += x[i] > Low ? 0 : 1;
            y[(Highs * channels) + c] += High > x[i] ? 0 : 1;
            y[(Largest * channels) + c] = Math.Max(y[(Largest * channels) + c], size);
        }
    }

    // A work item is a chunk of samples for one channel (or a block of them), whatever the number of workers; a chunk's statistics go to
    // scratch memory and are then summed in order.
    public override unsafe void Cpu(CpuBinding b)
    {
        (int outer, int channels, int inner) = Split(b.InShape(0));
        float* x = b.In(0), y = b.Out();
        int perPiece = Math.Max(1, 4096 / inner), pieces = (outer + perPiece - 1) / perPiece;
        ScratchRegion parts = b.Scratch((long)pieces * Figures * channels);
        int width = inner == 1 ? 64 : 1, blocks = (channels + width - 1) / width;
        b.Parallel(pieces * blocks, (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
            {
                int piece = i / blocks, first = i % blocks * width;
                int top = piece * perPiece, rows = Math.Min(perPiece, outer - top);
                float* part = parts.Pointer + ((long)piece * Figures * channels) + first;
                float* at = x + ((((long)top * channels) + first) * inner);
                if (inner == 1)
                    UnitLoops.Columns(at, rows, channels, Math.Min(width, channels - first), (float)Low, (float)High, part);
                else
                    UnitLoops.Runs(at, rows, (long)channels * inner, inner, (float)Low, (float)High, part, channels);
            }
        }, grain: Math.Max(1, 16384 / (perPiece * inner * width)));
        b.Serial(() => Join(parts.Pointer, pieces, channels, y));
    }

    public override void Kernel(KernelBinding b)
    {
        (int outer, int channels, int inner) = Split(b.InShape(0));
        HealthKernels.AddUnits(b, new UnitSizes(outer, channels, inner, (float)Low, (float)High));
    }

    private static unsafe void Join(float* parts, int pieces, int channels, float* y)
    {
        int length = Figures * channels;
        for (int i = 0; i < length; i++)
        {
            double total = 0;
            for (int p = 0; p < pieces; p++)
            {
                float part = parts[((long)p * length) + i];
                total = i / channels == Largest ? Math.Max(total, part) : total + part;
            }
            y[i] = (float)total;
        }
    }

    private (int Outer, int Channels, int Inner) Split(Shape shape) => (shape.LengthOf(..Axis), shape[Axis], shape.LengthOf((Axis + 1)..));
}

/// <summary>The vector loops of <see cref="UnitStatistics"/>.</summary>
internal static unsafe class UnitLoops
{
    /// <summary>A channel stored in <paramref name="rows"/> contiguous runs, <paramref name="stride"/> elements apart.</summary>
    public static void Runs(float* x, int rows, long stride, int length, float low, float high, float* figures, int figureStride)
    {
        if (Simd.Is512)
            Runs<V512>(x, rows, stride, length, low, high, figures, figureStride);
        else if (Simd.Is256)
            Runs<V256>(x, rows, stride, length, low, high, figures, figureStride);
        else
            Runs<V128>(x, rows, stride, length, low, high, figures, figureStride);
    }

    /// <summary>Adjacent channels, as the columns of a matrix.</summary>
    public static void Columns(float* x, int rows, int stride, int columns, float low, float high, float* figures)
    {
        if (Simd.Is512)
            Columns<V512>(x, rows, stride, columns, low, high, figures);
        else if (Simd.Is256)
            Columns<V256>(x, rows, stride, columns, low, high, figures);
        else
            Columns<V128>(x, rows, stride, columns, low, high, figures);
    }

    private static void Runs<V>(float* x, int rows, long stride, int length, float low, float high, float* figures, int figureStride)
        where V : struct, IVector<V>
    {
        V sum = V.Of(0), squares = sum, zeros = sum, lows = sum, highs = sum, largest = sum;
        V none = V.Of(0), one = V.Of(1), l = V.Of(low), h = V.Of(high);
        int whole = length / V.Lanes * V.Lanes;
        Span<float> tail = stackalloc float[UnitStatistics.Figures];
        tail.Clear();
        for (int r = 0; r < rows; r++)
        {
            float* run = x + (r * stride);
            for (int i = 0; i < whole; i += V.Lanes)
            {
                V v = V.Load(run + i), size = V.Abs(v);
                sum += v;
                squares = V.Fma(v, v, squares);
                zeros += V.WhereGreater(size, none, none, one);
                lows += V.WhereGreater(v, l, none, one);
                highs += V.WhereGreater(h, v, none, one);
                largest = V.Max(largest, size);
            }
            for (int i = whole; i < length; i++)
                AddOne(run[i], low, high, tail);
        }
        figures[UnitStatistics.Sum * figureStride] = sum.Sum() + tail[UnitStatistics.Sum];
        figures[UnitStatistics.Squares * figureStride] = squares.Sum() + tail[UnitStatistics.Squares];
        figures[UnitStatistics.Zeros * figureStride] = zeros.Sum() + tail[UnitStatistics.Zeros];
        figures[UnitStatistics.Lows * figureStride] = lows.Sum() + tail[UnitStatistics.Lows];
        figures[UnitStatistics.Highs * figureStride] = highs.Sum() + tail[UnitStatistics.Highs];
        figures[UnitStatistics.Largest * figureStride] = MathF.Max(largest.MaxLane(), tail[UnitStatistics.Largest]);
    }

    private static void Columns<V>(float* x, int rows, int stride, int columns, float low, float high, float* figures) where V : struct, IVector<V>
    {
        V none = V.Of(0), one = V.Of(1), l = V.Of(low), h = V.Of(high);
        int c = 0;
        for (; c <= columns - V.Lanes; c += V.Lanes)
        {
            V sum = none, squares = none, zeros = none, lows = none, highs = none, largest = none;
            for (int r = 0; r < rows; r++)
            {
                V v = V.Load(x + ((long)r * stride) + c), size = V.Abs(v);
                sum += v;
                squares = V.Fma(v, v, squares);
                zeros += V.WhereGreater(size, none, none, one);
                lows += V.WhereGreater(v, l, none, one);
                highs += V.WhereGreater(h, v, none, one);
                largest = V.Max(largest, size);
            }
            sum.Store(figures + (UnitStatistics.Sum * stride) + c);
            squares.Store(figures + (UnitStatistics.Squares * stride) + c);
            zeros.Store(figures + (UnitStatistics.Zeros * stride) + c);
            lows.Store(figures + (UnitStatistics.Lows * stride) + c);
            highs.Store(figures + (UnitStatistics.Highs * stride) + c);
            largest.Store(figures + (UnitStatistics.Largest * stride) + c);
        }
        Span<float> tail = stackalloc float[UnitStatistics.Figures];
        for (; c < columns; c++)
        {
            tail.Clear();
            for (int r = 0; r < rows; r++)
                AddOne(x[((long)r * stride) + c], low, high, tail);
            for (int f = 0; f < tail.Length; f++)
                figures[(f * stride) + c] = tail[f];
        }
    }

    private static void AddOne(float v, float low, float high, Span<float> tail)
    {
        float size = MathF.Abs(v);
        tail[UnitStatistics.Sum] += v;
        tail[UnitStatistics.Squares] += v * v;
        tail[UnitStatistics.Zeros] += size > 0 ? 0 : 1;
        tail[UnitStatistics.Lows] += v > low ? 0 : 1;
        tail[UnitStatistics.Highs] += high > v ? 0 : 1;
        tail[UnitStatistics.Largest] = MathF.Max(tail[UnitStatistics.Largest], size);
    }
}
