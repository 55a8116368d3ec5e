using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>Permutes axes: axis i of y is axis <c>Axes[i]</c> of x. (1, 0) is the transpose of a matrix.</summary>
public sealed record Permute(params IReadOnlyList<int> Axes) : Op
{
    private const int Tile = 8;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Shape x = inputs[0].Shape;
        Expect.Element(inputs[0], ElementType.Real, "x");
        Expect.That(Axes.Order().SequenceEqual(Enumerable.Range(0, x.Rank)), $"'x' has shape {x}; ({string.Join(", ", Axes)}) is not an order of its {x.Rank} axes.");
        return [new TensorType(new Shape([.. Axes.Select(a => x[a])]))];
    }

    public override void Differentiate(Backprop b)
    {
        int[] inverse = new int[Axes.Count];
        for (int i = 0; i < inverse.Length; i++)
            inverse[Axes[i]] = i;
        b.Give(0, b.Graph.Add(new Permute(inverse), b.Gradient()));
    }

    public override void Reference(ReferenceArguments a)
    {
        int[] strides = Strides(a.InShape(0), Axes);
        for (int i = 0; i < a.Out().Length; i++)
            a.Out()[i] = a.In(0)[SourceOf(i, a.OutShape(), strides)];
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        (Shape x, int[] axes) = Merged(b.InShape(0));
        var y = new Shape([.. axes.Select(a => x[a])]);
        int[] strides = Strides(x, axes);
        float* source = b.In(0), target = b.Out();
        int inner = Array.IndexOf(axes, x.Rank - 1); // the axis of y whose elements are contiguous in x
        if (inner == y.Rank - 1)
            AddRows(b, source, target, y, strides);
        else
            AddTiles(b, source, target, y, strides, inner);
    }

    public override void Kernel(KernelBinding b)
    {
        (Shape x, int[] axes) = Merged(b.InShape(0));
        new PermuteLaunch(b, new Shape([.. axes.Select(a => x[a])]), Strides(x, axes)).Add(Array.IndexOf(axes, x.Rank - 1));
    }

    // The last axis stays last: y consists of rows of x.
    private static unsafe void AddRows(CpuBinding b, float* source, float* target, Shape y, int[] strides)
    {
        int row = y[^1];
        b.Parallel(y.Count / row, (begin, end, _) =>
        {
            for (int r = begin; r < end; r++)
                new ReadOnlySpan<float>(source + SourceOf(r * row, y, strides), row).CopyTo(new Span<float>(target + ((long)r * row), row));
        }, grain: Math.Max(1, 4096 / row));
    }

    // Transposes: up to Tile rows of y at once, which are adjacent in x, so that a cache line of x is read once for them
    // all. More rows would evict each other from the L1 cache at a stride of a power of two.
    private static unsafe void AddTiles(CpuBinding b, float* source, float* target, Shape y, int[] strides, int inner)
    {
        int row = y[^1], step = strides[^1], width = y[inner], between = y.LengthOf((inner + 1)..), tiles = (width + Tile - 1) / Tile;
        int middle = between / row, outer = y.LengthOf(..inner);
        b.Parallel(outer * middle * tiles, (begin, end, _) =>
        {
            for (int item = begin; item < end; item++)
            {
                int first = item % tiles * Tile, m = item / tiles % middle, o = item / tiles / middle;
                int at = (((o * width) + first) * between) + (m * row);
                Transpose(source + SourceOf(at, y, strides), step, Math.Min(Tile, width - first), row, target + at, between);
            }
        }, grain: Math.Max(1, 4096 / (row * Tile)));
    }

    // y[r·between + i] = x[i·step + r].
    private static unsafe void Transpose(float* x, int step, int rows, int count, float* y, int between)
    {
        for (int i = 0; i < count; i++, x += step, y++)
        {
            for (int r = 0; r < rows; r++)
                y[(long)r * between] = x[r];
        }
    }

    // Index in x of the element at index i in y.
    private static int SourceOf(int i, Shape y, int[] strides)
    {
        int at = 0;
        for (int axis = y.Rank - 1; axis >= 0; axis--)
        {
            at += i % y[axis] * strides[axis];
            i /= y[axis];
        }
        return at;
    }

    // Strides in x of the axes of y.
    private static int[] Strides(Shape x, IReadOnlyList<int> axes) => [.. axes.Select(a => x.LengthOf((a + 1)..))];

    // Axes that are neighbours in x and in y are merged: [N, C, H, W] to [N, H, W, C] is the transpose of N matrices.
    private (Shape X, int[] Axes) Merged(Shape x)
    {
        int[] first = [.. Enumerable.Range(0, Axes.Count).Where(i => i == 0 || Axes[i] != Axes[i - 1] + 1)]; // of each group, in y
        int[] begins = [.. first.Select(i => Axes[i])];
        int[] ordered = [.. begins.Order()];
        int[] sizes = [.. ordered.Select((begin, i) => x.LengthOf(begin..(i + 1 < ordered.Length ? ordered[i + 1] : x.Rank)))];
        return sizes.Length == 0 ? (new Shape(1), [0]) : (new Shape(sizes), [.. begins.Select(b => Array.IndexOf(ordered, b))]);
    }
}
