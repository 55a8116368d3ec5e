using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>Where a thread reads an operand for one index i: computed once, used for every k. An operand uses the fields it needs.</summary>
internal readonly record struct Place(int At, int Row = 0, int Column = 0);

/// <summary>
/// An operand of a GEMM as its kernel reads it: element (i, k), i along the result and k along the sum. It is a matrix, or a view such as
/// the im2col of a convolution that is never stored. Elements with k beyond the sum are 0; an i beyond
/// the result may give elements of another i, because those sums are never stored.
/// </summary>
internal interface IOperand
{
    /// <summary>Whether memory is contiguous along k; else along i. The lanes of a warp read along that index.</summary>
    static abstract bool AlongK { get; }

    /// <summary>Whether four neighbours along i can be read by one load, <see cref="Beside"/>.</summary>
    static abstract bool HasBeside { get; }

    /// <summary>The position of index i in the matmul numbered <paramref name="group"/>.</summary>
    Place Find(int group, int i);

    /// <summary>Element k.</summary>
    float At(Place place, int k);

    /// <summary>Elements k to k + 3; k is a multiple of four.</summary>
    Float4 Load(Place place, int k);

    /// <summary>Elements (i, k) to (i + 3, k); i is a multiple of four.</summary>
    Float4 Beside(Place place, int k);
}

/// <summary>Loads four elements one by one.</summary>
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
