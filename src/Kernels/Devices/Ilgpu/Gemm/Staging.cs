using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>Layout of an operand's tile in shared memory.</summary>
internal interface ILayout
{
    /// <summary>Whether four neighbours along i can be written by one store.</summary>
    static abstract bool TakesBeside { get; }

    /// <summary>Offset of element (i, k) in words.</summary>
    /// <param name="row">Words from one row to the next.</param>
    static abstract int Place(int i, int k, int row);

    /// <summary>Stores elements (i, k) to (i, k + 3), the first of them at offset <paramref name="at"/>.</summary>
    static abstract void Put(ArrayView<float> tile, int at, int row, Float4 four);
}

/// <summary>One row per k; a row is contiguous along i.</summary>
internal readonly struct RowPerStep : ILayout
{
    public static bool TakesBeside => true;

    public static int Place(int i, int k, int row) => (k * row) + i;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(ArrayView<float> tile, int at, int row, Float4 four)
    {
        tile[at] = four.X;
        tile[at + row] = four.Y;
        tile[at + (2 * row)] = four.Z;
        tile[at + (3 * row)] = four.W;
    }
}

/// <summary>
/// A thread's share of copying an operand's tile to shared memory: some groups of four floats, held in registers while the tile
/// before is multiplied. Nested types unroll it, as for the sums (<see cref="IBlock{K, R}"/>).
/// </summary>
internal interface IStage<F> where F : struct, IStage<F>
{
    /// <summary>Number of groups of four.</summary>
    static abstract int Count { get; }

    /// <summary>Finds a thread's groups of four in a tile of <paramref name="size"/> × <paramref name="steps"/> elements.</summary>
    /// <param name="first">The tile's first i.</param>
    /// <param name="row">Row stride in shared memory, in words.</param>
    /// <param name="e">Number of the thread's first group of four.</param>
    /// <param name="threads">Distance to its next group of four: the number of threads.</param>
    static abstract F Find<A, L>(A a, int group, int first, int size, int steps, int row, int e, int threads) where A : struct, IOperand where L : struct, ILayout;

    /// <summary>Loads the groups of four from the tile that begins at k.</summary>
    F Load<A, L>(A a, int k) where A : struct, IOperand where L : struct, ILayout;

    /// <summary>Stores them in shared memory.</summary>
    void Put<A, L>(ArrayView<float> tile, int begin, int row) where A : struct, IOperand where L : struct, ILayout;
}

/// <summary>One group of four: along i if operand and layout both support it, else along k.</summary>
internal readonly struct OneLoad(Place place, int k, int target, Float4 four) : IStage<OneLoad>
{
    public static int Count => 1;

    // Coalesced: neighbouring threads read neighbouring memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneLoad Find<A, L>(A a, int group, int first, int size, int steps, int row, int e, int threads) where A : struct, IOperand where L : struct, ILayout
    {
        int i = e % size, k = e / size * 4;
        if (A.AlongK)
        {
            i = e / (steps / 4);
            k = e % (steps / 4) * 4;
        }
        else if (A.HasBeside && L.TakesBeside)
        {
            i = e % (size / 4) * 4;
            k = e / (size / 4);
        }
        return new(a.Find(group, first + i), k, L.Place(i, k, row), Fours.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public OneLoad Load<A, L>(A a, int k0) where A : struct, IOperand where L : struct, ILayout =>
        new(place, k, target, A.HasBeside && L.TakesBeside ? a.Beside(place, k0 + k) : a.Load(place, k0 + k));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put<A, L>(ArrayView<float> tile, int begin, int row) where A : struct, IOperand where L : struct, ILayout
    {
        if (A.HasBeside && L.TakesBeside)
            tile.Cast<Float4>()[(begin + target) >> 2] = four;
        else
            L.Put(tile, begin + target, row, four);
    }
}

/// <summary>Twice as many groups of four.</summary>
internal readonly struct Twice<F>(F a, F b) : IStage<Twice<F>> where F : struct, IStage<F>
{
    public static int Count => 2 * F.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Twice<F> Find<A, L>(A a, int group, int first, int size, int steps, int row, int e, int threads) where A : struct, IOperand where L : struct, ILayout => new(
        F.Find<A, L>(a, group, first, size, steps, row, e, threads), F.Find<A, L>(a, group, first, size, steps, row, e + (F.Count * threads), threads));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Twice<F> Load<A, L>(A operand, int k) where A : struct, IOperand where L : struct, ILayout => new(a.Load<A, L>(operand, k), b.Load<A, L>(operand, k));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put<A, L>(ArrayView<float> tile, int begin, int row) where A : struct, IOperand where L : struct, ILayout
    {
        a.Put<A, L>(tile, begin, row);
        b.Put<A, L>(tile, begin, row);
    }
}

/// <summary>One group of four for the first threads only, if a tile has fewer of them than the thread group has threads.</summary>
internal readonly struct PartialLoad(OneLoad one, int active) : IStage<PartialLoad>
{
    public static int Count => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PartialLoad Find<A, L>(A a, int group, int first, int size, int steps, int row, int e, int threads) where A : struct, IOperand where L : struct, ILayout
    {
        int active = e < size * steps / 4 ? 1 : 0;
        return new(OneLoad.Find<A, L>(a, group, first, size, steps, row, active * e, threads), active);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PartialLoad Load<A, L>(A a, int k) where A : struct, IOperand where L : struct, ILayout => active != 0 ? new(one.Load<A, L>(a, k), 1) : this;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put<A, L>(ArrayView<float> tile, int begin, int row) where A : struct, IOperand where L : struct, ILayout
    {
        if (active != 0)
            one.Put<A, L>(tile, begin, row);
    }
}
