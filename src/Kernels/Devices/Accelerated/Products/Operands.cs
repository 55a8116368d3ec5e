using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Accelerated.Products;

/// <summary>
/// A factor of a product as the kernel reads it: element (i, k), i along the result and k along the sum. A matrix, or
/// something that only looks like one, as the windows of a convolution do. What lies outside is 0.
/// </summary>
public interface IOperand
{
    /// <summary>Whether neighbours in memory follow each other along k; else along i.</summary>
    static abstract bool AlongK { get; }

    /// <summary>One element of the group-th product.</summary>
    float At(int group, int i, int k);

    /// <summary>Four elements, along k or along i as <see cref="AlongK"/> says, from one that is a multiple of four.</summary>
    Float4 Four(int group, int i, int k);
}

/// <summary>Four elements one by one, each asked whether it is inside.</summary>
internal static class Fours
{
    public static Float4 Of<A>(A a, int group, int i, int k) where A : struct, IOperand => A.AlongK
        ? new Float4(a.At(group, i, k), a.At(group, i, k + 1), a.At(group, i, k + 2), a.At(group, i, k + 3))
        : new Float4(a.At(group, i, k), a.At(group, i + 1, k), a.At(group, i + 2, k), a.At(group, i + 3, k));
}

/// <summary>A matrix whose row i holds the elements along k.</summary>
internal readonly struct Rows(ArrayView<float> values, int rows, int columns) : IOperand
{
    public static bool AlongK => true;

    public float At(int group, int i, int k) => i < rows && k < columns ? values[(i * columns) + k] : 0f;

    public Float4 Four(int group, int i, int k) => Fours.Of(this, group, i, k);
}

/// <summary><see cref="Rows"/> that begin at multiples of 16 bytes.</summary>
internal readonly struct AlignedRows(ArrayView<float> values, int rows, int columns) : IOperand
{
    public static bool AlongK => true;

    public float At(int group, int i, int k) => i < rows && k < columns ? values[(i * columns) + k] : 0f;

    public Float4 Four(int group, int i, int k) => i < rows && k < columns ? values.Cast<Float4>()[((i * columns) + k) / 4] : new Float4(0f, 0f, 0f, 0f);
}

/// <summary>A matrix whose row k holds the elements along i.</summary>
internal readonly struct Columns(ArrayView<float> values, int rows, int columns) : IOperand
{
    public static bool AlongK => false;

    public float At(int group, int i, int k) => i < columns && k < rows ? values[(k * columns) + i] : 0f;

    public Float4 Four(int group, int i, int k) => Fours.Of(this, group, i, k);
}

/// <summary><see cref="Columns"/> whose rows begin at multiples of 16 bytes.</summary>
internal readonly struct AlignedColumns(ArrayView<float> values, int rows, int columns) : IOperand
{
    public static bool AlongK => false;

    public float At(int group, int i, int k) => i < columns && k < rows ? values[(k * columns) + i] : 0f;

    public Float4 Four(int group, int i, int k) => i < columns && k < rows ? values.Cast<Float4>()[((k * columns) + i) / 4] : new Float4(0f, 0f, 0f, 0f);
}
