using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Embeddings;

/// <summary>
/// Looks up rows of a table by index. An index outside the table reads its first or last row; <see cref="IndexCheck"/> finds
/// such indices on the host, where they can be reported.
/// </summary>
/// <remarks>
/// Inputs: table [V, D], indices [...] as Int32 or as integral reals (exact up to 2²⁴ in float). Output: [..., D]. The indices
/// have no gradient.
/// </remarks>
public sealed record Embedding : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        Expect.Rank(inputs[0], 2, "table", "[rows, width]");
        Expect.Element(inputs[0], ElementType.Real, "table");
        Expect.That(inputs[1].Element != ElementType.Byte, "'indices' holds Byte, expected Int32 or Real.");
        return [new TensorType(inputs[1].Shape.Append(inputs[0].Shape[1]))];
    }

    public override Cost Cost(Node node) => new(0, 8.0 * node.Outputs[0].Shape.Length);

    public override void Differentiate(Backprop b)
    {
        if (b.Needs(0))
            b.Give(0, b.Graph.Add(new EmbeddingGradient(b.Input(0).Shape), b.Gradient(), b.Input(1)));
    }

    public override void Reference(ReferenceArguments a)
    {
        int rows = a.InShape(0)[0], width = a.InShape(0)[1];
        for (int i = 0; i < a.InShape(1).Count; i++)
            a.In(0).Slice(RowIndex.Of(a, 1, i, rows) * width, width).CopyTo(a.Out()[(i * width)..]);
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int rows = b.InShape(0)[0], width = b.InShape(0)[1];
        float* table = b.In(0), y = b.Out();
        RowIndex index = RowIndex.Of(b, 1, rows);
        b.Parallel(b.InShape(1).Count, (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
                new ReadOnlySpan<float>(table + ((long)index[i] * width), width).CopyTo(new Span<float>(y + ((long)i * width), width));
        }, grain: Math.Max(1, 4096 / width));
    }

    public override void Kernel(KernelBinding b)
    {
        if (b.Node.Inputs[1].Type.Element == ElementType.Int32)
            AddKernel(b, new IntIndices(b.InInt(1)));
        else
            AddKernel(b, new RealIndices(b.In(1)));
    }

    private static void AddKernel<I>(KernelBinding b, I indices) where I : struct, IKernelIndices
    {
        ArrayView<float> table = b.In(0), y = b.Out();
        var sizes = new TableSizes(b.InShape(0)[0], b.InShape(0)[1], b.InShape(1).Count);
        var run = b.Loader.Items<ArrayView<float>, I, TableSizes, ArrayView<float>>(EmbeddingKernels.Look);
        b.Launch(() => run(y.IntLength, table, indices, sizes, y));
    }
}

/// <summary>
/// d table: each row is the sum of dy over the positions with its index, in order. Each row is summed by one
/// worker, so there are no concurrent additions and the bits do not depend on timing.
/// </summary>
/// <remarks>Inputs: dy [..., D], indices [...]. Output: [V, D].</remarks>
public sealed record EmbeddingGradient(Shape Table) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        Expect.Shape(inputs[0], inputs[1].Shape.Append(Table[1]), "dy");
        return [new TensorType(Table)];
    }

    public override Cost Cost(Node node) => new(node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        int width = Table[1];
        a.Out().Clear();
        for (int i = 0; i < a.InShape(1).Count; i++)
        {
            int row = RowIndex.Of(a, 1, i, Table[0]);
            for (int j = 0; j < width; j++)
                a.Out()[(row * width) + j] += a.In(0)[(i * width) + j];
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int rows = Table[0], width = Table[1], positions = b.InShape(1).Count;
        float* dy = b.In(0), dtable = b.Out();
        RowIndex index = RowIndex.Of(b, 1, rows);
        ScratchRegion scratch = b.Scratch((long)rows + 1 + positions);
        // The positions of row r, in order, are places[ends[r - 1]] to places[ends[r] - 1].
        b.Serial(() => SortPositions(index, positions, new Span<int>(scratch.Pointer, rows + 1), new Span<int>(scratch.Pointer + rows + 1, positions)));
        b.Parallel(rows, (begin, end, _) =>
        {
            int* ends = (int*)scratch.Pointer, places = ends + rows + 1;
            for (int row = begin; row < end; row++)
            {
                float* sum = dtable + ((long)row * width);
                new Span<float>(sum, width).Clear();
                for (int i = row == 0 ? 0 : ends[row - 1]; i < ends[row]; i++)
                    Sums.AddTo(dy + ((long)places[i] * width), sum, width);
            }
        }, grain: Math.Max(1, 4096 / width));
    }

    public override void Kernel(KernelBinding b)
    {
        if (b.Node.Inputs[1].Type.Element == ElementType.Int32)
            AddKernel(b, new IntIndices(b.InInt(1)));
        else
            AddKernel(b, new RealIndices(b.In(1)));
    }

    private void AddKernel<I>(KernelBinding b, I indices) where I : struct, IKernelIndices
    {
        ArrayView<float> dy = b.In(0), dtable = b.Out();
        var sizes = new TableSizes(Table[0], Table[1], b.InShape(1).Count);
        var clear = b.Loader.Items<ArrayView<float>, float>(MapKernels.Fill);
        var add = b.Loader.Groups<ArrayView<float>, I, TableSizes, ArrayView<float>>(EmbeddingKernels.AddRows, RowTeams.Specialization);
        var config = new KernelConfig(sizes.Positions, RowTeams.Threads);
        b.Launch(() => clear(dtable.IntLength, dtable, 0f));
        b.Launch(() => add(config, dy, indices, sizes, dtable));
    }

    // Counting sort. After the first two loops ends[r] is where row r starts; filling moves it to where row r ends.
    private static void SortPositions(RowIndex index, int positions, Span<int> ends, Span<int> places)
    {
        ends.Clear();
        for (int i = 0; i < positions; i++)
            ends[index[i] + 1]++;
        for (int row = 1; row < ends.Length; row++)
            ends[row] += ends[row - 1];
        for (int i = 0; i < positions; i++)
            places[ends[index[i]]++] = i;
    }
}
