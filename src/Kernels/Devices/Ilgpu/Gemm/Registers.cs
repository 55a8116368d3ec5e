using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

// A thread's register tile as nested types: a block of two blocks, down to rows of four floats. ILGPU keeps structs in registers but
// unrolls no loops, so the recursion of the types does the unrolling; each tile size is its own type.

/// <summary>A row of a thread's sums: groups of four neighbouring columns, <c>step</c> apart.</summary>
internal interface IRow<R> where R : struct, IRow<R>
{
    /// <summary>Number of columns.</summary>
    static abstract int Width { get; }

    /// <summary>Loads the right factor's row at one k; <paramref name="at"/> and <paramref name="step"/> count groups of four floats.</summary>
    static abstract R Load(ArrayView<Float4> tile, int at, int step);

    /// <summary>This row + x·y.</summary>
    R MultiplyAdd(float x, R y);

    /// <param name="n">The first column; columns N and above are not stored.</param>
    /// <param name="step">Columns from one group of four to the next.</param>
    void Store<S>(S result, int group, int part, int m, int n, int step, GemmSizes s) where S : struct, IResult;
}

internal readonly struct Row4(Float4 v) : IRow<Row4>
{
    public static int Width => 4;

    private Float4 Values => v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Row4 Load(ArrayView<Float4> tile, int at, int step) => new(tile[at]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Row4 MultiplyAdd(float x, Row4 y)
    {
        Float4 w = y.Values;
        return new(new Float4(
            Gemm.MultiplyAdd.Of(x, w.X, v.X), Gemm.MultiplyAdd.Of(x, w.Y, v.Y),
            Gemm.MultiplyAdd.Of(x, w.Z, v.Z), Gemm.MultiplyAdd.Of(x, w.W, v.W)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<S>(S result, int group, int part, int m, int n, int step, GemmSizes s) where S : struct, IResult => Results.Put(result, group, part, m, n, v, s);
}

/// <summary>Two rows side by side.</summary>
internal readonly struct PairRow<R>(R left, R right) : IRow<PairRow<R>> where R : struct, IRow<R>
{
    public static int Width => 2 * R.Width;

    private R Left => left;

    private R Right => right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PairRow<R> Load(ArrayView<Float4> tile, int at, int step) => new(R.Load(tile, at, step), R.Load(tile, at + (R.Width / 4 * step), step));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PairRow<R> MultiplyAdd(float x, PairRow<R> y) => new(left.MultiplyAdd(x, y.Left), right.MultiplyAdd(x, y.Right));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<S>(S result, int group, int part, int m, int n, int step, GemmSizes s) where S : struct, IResult
    {
        left.Store(result, group, part, m, n, step, s);
        right.Store(result, group, part, m, n + (R.Width / 4 * step), step, s);
    }
}

/// <summary>A thread's block of sums: groups of four rows, <c>step</c> apart.</summary>
internal interface IBlock<K, R> where K : struct, IBlock<K, R> where R : struct, IRow<R>
{
    /// <summary>Number of rows.</summary>
    static abstract int Height { get; }

    /// <summary>The first row.</summary>
    R First { get; }

    /// <summary>This block + x·y (outer product), x the left factor's column at one k; <paramref name="at"/> and <paramref name="step"/> count groups of four floats.</summary>
    K MultiplyAdd(ArrayView<Float4> tile, int at, int step, R y);

    /// <summary>The block shifted by one row, with <paramref name="last"/> at its end. A loop stores the first row and shifts, so that the epilogue's code is emitted only once.</summary>
    K Next(R last);
}

internal readonly struct Block4<R>(R r0, R r1, R r2, R r3) : IBlock<Block4<R>, R> where R : struct, IRow<R>
{
    public static int Height => 4;

    public R First => r0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Block4<R> MultiplyAdd(ArrayView<Float4> tile, int at, int step, R y)
    {
        Float4 x = tile[at];
        return new(r0.MultiplyAdd(x.X, y), r1.MultiplyAdd(x.Y, y), r2.MultiplyAdd(x.Z, y), r3.MultiplyAdd(x.W, y));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Block4<R> Next(R last) => new(r1, r2, r3, last);
}

/// <summary>Two blocks, one below the other.</summary>
internal readonly struct PairBlock<K, R>(K upper, K lower) : IBlock<PairBlock<K, R>, R> where K : struct, IBlock<K, R> where R : struct, IRow<R>
{
    public static int Height => 2 * K.Height;

    public R First => upper.First;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PairBlock<K, R> MultiplyAdd(ArrayView<Float4> tile, int at, int step, R y) =>
        new(upper.MultiplyAdd(tile, at, step, y), lower.MultiplyAdd(tile, at + (K.Height / 4 * step), step, y));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PairBlock<K, R> Next(R last) => new(upper.Next(lower.First), lower.Next(last));
}
