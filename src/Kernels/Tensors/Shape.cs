using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace GpuGrad.Kernels.Tensors;

/// <summary>The sizes of a tensor, outermost first. Rank 0 is a scalar of length 1. Immutable; compared by value.</summary>
public readonly struct Shape : IEquatable<Shape>
{
    private readonly int[]? sizes;

    /// <exception cref="ArgumentOutOfRangeException">A size is below 1.</exception>
    /// <exception cref="GpuGradException"><see cref="Fault.Memory"/>: the product of the sizes does not fit in 64 bits.</exception>
    public Shape(params ReadOnlySpan<int> sizes)
    {
        foreach (int size in sizes)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        this.sizes = sizes.ToArray();
        Length = Product(sizes);
    }

    /// <summary>Number of elements.</summary>
    public long Length { get => sizes is null ? 1 : field; }

    /// <summary>Number of elements, for loops that index with 32 bits.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Memory"/>: there are more elements than 32 bits can count.</exception>
    public int Count => Length <= int.MaxValue ? (int)Length : throw TooLarge(Sizes);

    public int Rank => sizes?.Length ?? 0;

    public ReadOnlySpan<int> Sizes => sizes;

    public int this[int axis] => Sizes[axis];

    public int this[Index axis] => Sizes[axis];

    public static Shape Scalar => new([1]);

    public Shape Prepend(int size) => new([size, .. Sizes]);

    public Shape Append(int size) => new([.. Sizes, size]);

    /// <summary>The shape of one sample of a batch: everything after the first axis.</summary>
    public Shape WithoutBatch() => new(Sizes[1..]);

    public Shape WithBatch(int batch) => new([batch, .. Sizes[1..]]);

    public Shape With(int axis, int size)
    {
        int[] copy = Sizes.ToArray();
        copy[axis] = size;
        return new Shape(copy);
    }

    /// <summary>The product of the sizes of a range of axes, e.g. <c>shape.LengthOf(2..)</c> for the pixels of N×C×H×W.</summary>
    public int LengthOf(Range axes) => Product(Sizes[axes]) is var length and <= int.MaxValue ? (int)length : throw TooLarge(Sizes);

    public bool Equals(Shape other) => Sizes.SequenceEqual(other.Sizes);

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is Shape other && Equals(other);

    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (int size in Sizes)
            hash.Add(size);
        return hash.ToHashCode();
    }

    public override string ToString() => Text(Sizes);

    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    private static long Product(ReadOnlySpan<int> sizes)
    {
        long product = 1;
        foreach (int size in sizes)
        {
            if (product > long.MaxValue / size)
                throw TooLarge(sizes);
            product *= size;
        }
        return product;
    }

    private static string Text(ReadOnlySpan<int> sizes) => "[" + string.Join(", ", sizes.ToArray().Select(s => s.ToString(CultureInfo.InvariantCulture))) + "]";

    private static TooLargeException TooLarge(ReadOnlySpan<int> sizes) => new(
        $"a tensor of shape {Text(sizes)} has more than {int.MaxValue} numbers, the most that one can hold; use a smaller batch or a smaller model.");
}

/// <summary>Thrown for a tensor with more elements than 32 bits can count.</summary>
public sealed class TooLargeException(string message) : GpuGradException(Fault.Memory, message);
