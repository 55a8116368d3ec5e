using ILGPU;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>Maps an index to offsets in the source and the target tensor. Nested structs, one per axis.</summary>
internal interface IIndexMap
{
    int SourceOffset(int i);

    int TargetOffset(int i);
}

/// <summary>The outermost axis, by its strides in source and target.</summary>
internal readonly struct OuterAxis(int sourceStride, int targetStride) : IIndexMap
{
    public int SourceOffset(int i) => i * sourceStride;

    public int TargetOffset(int i) => i * targetStride;
}

/// <summary>An axis of the given size inside the outer ones. The number of axes is part of the type, so that a kernel has no loop over them.</summary>
internal readonly struct InnerAxis<A>(A outer, int size, int sourceStride, int targetStride) : IIndexMap where A : struct, IIndexMap
{
    public int SourceOffset(int i) => outer.SourceOffset(i / size) + (i % size * sourceStride);

    public int TargetOffset(int i) => outer.TargetOffset(i / size) + (i % size * targetStride);
}

/// <summary>The GPU's permutations.</summary>
internal static class PermuteKernels
{
    /// <summary>Side of a tile.</summary>
    public const int Tile = 32;

    /// <summary>Group size; each thread copies four elements of a tile.</summary>
    public const int Threads = 256;

    /// <summary>Copies one element of y per thread.</summary>
    public static void Gather<A>(Index1D i, ArrayView<float> x, ArrayView<float> y, A axes) where A : struct, IIndexMap => y[i] = x[axes.SourceOffset(i)];

    /// <summary>
    /// Transposes through shared memory, so that neighbouring threads both read and write neighbours: element (r, c) of a matrix
    /// is x[r·step + c] and y[c·between + r]; <paramref name="matrices"/> gives the offset of the matrix.
    /// </summary>
    public static void Transpose<A>(ArrayView<float> x, ArrayView<float> y, A matrices, TransposeSizes s) where A : struct, IIndexMap
    {
        ArrayView<float> tile = SharedMemory.Allocate<float>(Tile * (Tile + 1)); // the pad keeps a column's elements in different banks
        int across = (s.Columns + Tile - 1) / Tile, down = (s.Rows + Tile - 1) / Tile;
        int firstColumn = Grid.IdxX % across * Tile, firstRow = Grid.IdxX / across % down * Tile, matrix = Grid.IdxX / across / down;
        int lane = Group.IdxX % Tile, first = Group.IdxX / Tile;
        int source = matrices.SourceOffset(matrix), target = matrices.TargetOffset(matrix);
        for (int i = first; i < Tile; i += Threads / Tile)
        {
            int row = firstRow + i, column = firstColumn + lane;
            if (row < s.Rows && column < s.Columns)
                tile[(i * (Tile + 1)) + lane] = x[source + (row * s.SourceRowStride) + column];
        }
        Group.Barrier();
        for (int i = first; i < Tile; i += Threads / Tile)
        {
            int row = firstRow + lane, column = firstColumn + i;
            if (row < s.Rows && column < s.Columns)
                y[target + (column * s.TargetColumnStride) + row] = tile[(lane * (Tile + 1)) + i];
        }
    }
}

/// <summary>Rows and columns of the matrices to transpose, with the row stride in x and the column stride in y.</summary>
internal readonly record struct TransposeSizes(int Rows, int Columns, int SourceRowStride, int TargetColumnStride);
