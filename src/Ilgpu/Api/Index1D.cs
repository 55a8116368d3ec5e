using System.Globalization;

namespace ILGPU;

/// <summary>The kinds of launch index.</summary>
public enum IndexType
{
    None = 0,
    Index1D = 1,
    Index2D = 2,
    Index3D = 3,
    LongIndex1D = 4,
    LongIndex2D = 5,
    LongIndex3D = 6,
    KernelConfig = 7,
}

/// <summary>What every index type can tell of itself.</summary>
public interface IIndex
{
    IndexType IndexType { get; }
    long LongSize { get; }
}

/// <summary>A 32-bit index or extent in one dimension; converts to and from <see cref="int"/>.</summary>
public readonly struct Index1D(int x) : IIndex, IEquatable<Index1D>, IComparable<Index1D>
{
    public static readonly Index1D Invalid = new(-1);
    public static readonly Index1D Zero = new(0);
    public static readonly Index1D One = new(1);

    public int X { get; } = x;
    public bool IsFirst => X == 0;
    public int Size => X;
    public long LongSize => X;
    public IndexType IndexType => IndexType.Index1D;

    public static Index1D Min(Index1D first, Index1D second) => new(Math.Min(first.X, second.X));
    public static Index1D Max(Index1D first, Index1D second) => new(Math.Max(first.X, second.X));
    public static Index1D Clamp(Index1D value, Index1D min, Index1D max) => Max(Min(value, max), min);

    public LongIndex1D ToLongIndex() => new(X);
    public bool InBounds(Index1D dimension) => X >= 0 && X < dimension.X;
    public bool InBoundsInclusive(Index1D dimension) => X >= 0 && X <= dimension.X;
    public Index1D Add(Index1D rhs) => new(X + rhs.X);
    public Index1D Subtract(Index1D rhs) => new(X - rhs.X);

    public static Index1D Add(Index1D first, Index1D second) => first + second;
    public static Index1D Subtract(Index1D first, Index1D second) => first - second;
    public static Index1D Multiply(Index1D first, Index1D second) => first * second;
    public static Index1D Divide(Index1D first, Index1D second) => first / second;

    public static implicit operator LongIndex1D(Index1D index) => new(index.X);
    public static implicit operator int(Index1D idx) => idx.X;
    public static implicit operator Index1D(int idx) => new(idx);
    public static explicit operator uint(Index1D idx) => (uint)idx.X;
    public static Index1D operator +(Index1D first, Index1D second) => new(first.X + second.X);
    public static Index1D operator -(Index1D first, Index1D second) => new(first.X - second.X);
    public static Index1D operator *(Index1D first, Index1D second) => new(first.X * second.X);
    public static Index1D operator /(Index1D first, Index1D second) => new(first.X / second.X);
    public static bool operator ==(Index1D first, Index1D second) => first.X == second.X;
    public static bool operator !=(Index1D first, Index1D second) => first.X != second.X;

    public bool Equals(Index1D other) => X == other.X;
    public int CompareTo(Index1D other) => X.CompareTo(other.X);
    public override bool Equals(object? obj) => obj is Index1D other && Equals(other);
    public override int GetHashCode() => X;
    public override string ToString() => X.ToString(CultureInfo.InvariantCulture);
}
