using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>Axes in another order: axis i of y is axis <c>Axes[i]</c> of x. (1, 0) is the transpose of a matrix.</summary>
public sealed record Permute(params IReadOnlyList<int> Axes) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Shape x = inputs[0].Shape;
        Expect.Element(inputs[0], ElementType.Real, "x");
        Expect.That(Axes.Order().SequenceEqual(Enumerable.Range(0, x.Rank)), $"'x' has shape {x}; ({string.Join(", ", Axes)}) is no order of its {x.Rank} axes.");
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
        int[] strides = Strides(a.InShape(0));
        for (int i = 0; i < a.Out().Length; i++)
            a.Out()[i] = a.In(0)[SourceOf(i, a.OutShape(), strides)];
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        Shape y = b.OutShape();
        int[] strides = Strides(b.InShape(0));
        if (y.Rank == 0)
            Array.Resize(ref strides, 1);
        float* source = b.In(0), target = b.Out();
        int row = y.Rank == 0 ? 1 : y[^1], step = strides[^1];
        // Neighbouring rows of y read the same cache lines of x, and a worker's rows are neighbours.
        b.Parallel(y.Count / row, (begin, end, _) =>
        {
            for (int r = begin; r < end; r++)
            {
                float* from = source + SourceOf(r * row, y, strides), to = target + ((long)r * row);
                if (step == 1)
                    new ReadOnlySpan<float>(from, row).CopyTo(new Span<float>(to, row));
                else
                    Gather(from, step, row, to);
            }
        }, grain: Math.Max(1, 4096 / row));
    }

    private static unsafe void Gather(float* source, int step, int count, float* target)
    {
        for (int i = 0; i < count; i++)
            target[i] = source[(long)i * step];
    }

    // Where in x the element lies that stands at i in y.
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

    // How far apart in x neighbours along each axis of y lie.
    private int[] Strides(Shape x) => [.. Axes.Select(a => x.LengthOf((a + 1)..))];
}
