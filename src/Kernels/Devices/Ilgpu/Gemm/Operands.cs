using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>A thread's state for one index of the result, computed once and kept over the sum. An operand uses the parts it needs.</summary>
internal readonly record struct Place(int At, int Row = 0, int Column = 0);

/// <summary>
/// An operand of a GEMM as its kernel reads it: element (i, k), i along the result and k along the sum. A matrix, or
/// something that only looks like one, as the windows of a convolution do. Elements with k beyond the sum are 0; an i beyond
/// the result gives elements of another i, because what they add up to is never stored.
/// </summary>
internal interface IOperand
{
    /// <summary>Whether neighbours in memory follow each other along k; else along i. The lanes of a warp go that way.</summary>
    static abstract bool AlongK { get; }

    /// <summary>Whether four neighbours along i are one load: <see cref="Beside"/>.</summary>
    static abstract bool HasBeside { get; }

    /// <summary>Offset of the elements of i, in the group-th matmul.</summary>
    Place Find(int group, int i);

    /// <summary>Element k.</summary>
    float At(Place place, int k);

    /// <summary>Elements k to k + 3; k is a multiple of four.</summary>
    Float4 Load(Place place, int k);

    /// <summary>Elements k of i to i + 3, where i is a multiple of four.</summary>
    Float4 Beside(Place place, int k);
}

/// <summary>Four elements one by one.</summary>
internal static class Fours
{
    public static Float4 Zero => new(0f, 0f, 0f, 0f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Of<A>(A a, Place place, int k) where A : struct, IOperand => new(a.At(place, k), a.At(place, k + 1), a.At(place, k + 2), a.At(place, k + 3));
}

/// <summary>Matrices [group, rows, columns] whose row i holds the elements along k.</summary>
internal readonly struct Rows(ArrayView<float> values, int rows, int columns) : IOperand
{
    public static bool AlongK => true;

    public static bool HasBeside => false;

    public Place Find(int group, int i) => new(((group * rows) + (i < rows ? i : 0)) * columns);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float At(Place place, int k) => k < columns ? values[place.At + k] : 0f;

    public Float4 Load(Place place, int k) => Fours.Of(this, place, k);

    public Float4 Beside(Place place, int k) => Fours.Zero;
}

/// <summary><see cref="Rows"/> that begin at multiples of 16 bytes.</summary>
internal readonly struct AlignedRows(ArrayView<float> values, int rows, int columns) : IOperand
{
    public static bool AlongK => true;

    public static bool HasBeside => false;

    public Place Find(int group, int i) => new(((group * rows) + (i < rows ? i : 0)) * columns);

    public float At(Place place, int k) => k < columns ? values[place.At + k] : 0f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Load(Place place, int k) => k < columns ? values.Cast<Float4>()[(place.At + k) >> 2] : Fours.Zero;

    public Float4 Beside(Place place, int k) => Fours.Zero;
}

/// <summary>Matrices [group, rows, columns] whose row k holds the elements along i.</summary>
internal readonly struct Columns(ArrayView<float> values, int rows, int columns) : IOperand
{
    public static bool AlongK => false;

    public static bool HasBeside => false;

    public Place Find(int group, int i) => new((group * rows * columns) + (i < columns ? i : 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float At(Place place, int k) => k < rows ? values[place.At + (k * columns)] : 0f;

    public Float4 Load(Place place, int k) => Fours.Of(this, place, k);

    public Float4 Beside(Place place, int k) => Fours.Zero;
}

/// <summary><see cref="Columns"/> whose rows begin at multiples of 16 bytes.</summary>
internal readonly struct AlignedColumns(ArrayView<float> values, int rows, int columns) : IOperand
{
    public static bool AlongK => false;

    public static bool HasBeside => true;

    public Place Find(int group, int i) => new((group * rows * columns) + (i < columns ? i : 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float At(Place place, int k) => k < rows ? values[place.At + (k * columns)] : 0f;

    public Float4 Load(Place place, int k) => Fours.Of(this, place, k);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Beside(Place place, int k) => k < rows ? values.Cast<Float4>()[(place.At + (k * columns)) >> 2] : Fours.Zero;
}
