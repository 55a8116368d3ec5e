using GpuGrad.Kernels.Devices.Ilgpu;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Embeddings;

/// <summary>Reads indices in a kernel.</summary>
internal interface IKernelIndices
{
    int At(int i);
}

internal readonly struct IntIndices(ArrayView<int> values) : IKernelIndices
{
    public int At(int i) => values[i];
}

internal readonly struct RealIndices(ArrayView<float> values) : IKernelIndices
{
    public int At(int i) => (int)values[i];
}

/// <summary>Sizes of a table, and the number of indices.</summary>
internal readonly record struct TableSizes(int Rows, int Width, int Positions);

/// <summary>GPU kernels of embeddings.</summary>
internal static class EmbeddingKernels
{
    /// <summary>One thread per element.</summary>
    public static void Look<I>(Index1D i, ArrayView<float> table, I indices, TableSizes s, ArrayView<float> y) where I : struct, IKernelIndices =>
        y[i] = table[((long)Row(indices, s, i.X / s.Width) * s.Width) + (i.X % s.Width)];

    /// <summary>
    /// One group per position. The group at the first occurrence of its row sums the whole row, in the order of the
    /// positions: no other group writes to it, so there is no race. All other groups exit.
    /// </summary>
    public static void AddRows<I>(ArrayView<float> dy, I indices, TableSizes s, ArrayView<float> dtable) where I : struct, IKernelIndices
    {
        ArrayView<int> rows = SharedMemory.Allocate<int>(RowTeams.Threads);
        int thread = Group.IdxX, position = Grid.IdxX, row = Row(indices, s, position);
        int before = 0;
        for (int i = thread; i < position; i += RowTeams.Threads)
        {
            if (Row(indices, s, i) == row)
                before = 1;
        }
        rows[thread] = before;
        Group.Barrier();
        for (int width = RowTeams.Threads / 2; width > 0; width /= 2)
        {
            if (thread < width)
                rows[thread] |= rows[thread + width];
            Group.Barrier();
        }
        if (rows[0] != 0)
            return;
        for (int column = 0; column < s.Width; column += RowTeams.Threads)
            AddColumns(dy, indices, s, dtable, rows, row, column + thread);
    }

    // One tile of indices at a time; every thread has a column.
    private static void AddColumns<I>(ArrayView<float> dy, I indices, TableSizes s, ArrayView<float> dtable, ArrayView<int> rows, int row, int column) where I : struct, IKernelIndices
    {
        int thread = Group.IdxX;
        float sum = 0f;
        for (int first = Grid.IdxX; first < s.Positions; first += RowTeams.Threads)
        {
            int length = IntrinsicMath.Min(RowTeams.Threads, s.Positions - first);
            Group.Barrier(); // the previous tile may still be in use
            rows[thread] = thread < length ? Row(indices, s, first + thread) : -1;
            Group.Barrier();
            for (int i = 0; i < length; i++)
            {
                if (rows[i] == row && column < s.Width)
                    sum += dy[((long)(first + i) * s.Width) + column];
            }
        }
        if (column < s.Width)
            dtable[((long)row * s.Width) + column] = sum;
    }

    private static int Row<I>(I indices, TableSizes s, int i) where I : struct, IKernelIndices => IntrinsicMath.Clamp(indices.At(i), 0, s.Rows - 1);
}
