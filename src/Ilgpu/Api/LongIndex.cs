using System.Globalization;

namespace ILGPU;

/// <summary>A 64-bit index or extent in one dimension; converts to and from <see cref="long"/>.</summary>
public readonly struct LongIndex1D(long x) : IIndex, IEquatable<LongIndex1D>, IComparable<LongIndex1D>
{
    public static readonly LongIndex1D Invalid = new(-1);
    public static readonly LongIndex1D Zero = new(0);
    public static readonly LongIndex1D One = new(1);

    public long X { get; } = x;
    public bool IsFirst => X == 0;
    public long Size => X;
    public long LongSize => X;
    public IndexType IndexType => IndexType.LongIndex1D;

    public Index1D ToIntIndex() => new((int)X);
    public bool InBounds(LongIndex1D dimension) => X >= 0 && X < dimension.X;
    public bool InBoundsInclusive(LongIndex1D dimension) => X >= 0 && X <= dimension.X;

    public static implicit operator long(LongIndex1D idx) => idx.X;
    public static implicit operator LongIndex1D(long idx) => new(idx);
    public static explicit operator ulong(LongIndex1D idx) => (ulong)idx.X;
    public static LongIndex1D operator +(LongIndex1D first, LongIndex1D second) => new(first.X + second.X);
    public static LongIndex1D operator -(LongIndex1D first, LongIndex1D second) => new(first.X - second.X);
    public static LongIndex1D operator *(LongIndex1D first, LongIndex1D second) => new(first.X * second.X);
    public static LongIndex1D operator /(LongIndex1D first, LongIndex1D second) => new(first.X / second.X);
    public static bool operator ==(LongIndex1D first, LongIndex1D second) => first.X == second.X;
    public static bool operator !=(LongIndex1D first, LongIndex1D second) => first.X != second.X;

    public bool Equals(LongIndex1D other) => X == other.X;
    public int CompareTo(LongIndex1D other) => X.CompareTo(other.X);
    public override bool Equals(object? obj) => obj is LongIndex1D other && Equals(other);
    public override int GetHashCode() => X.GetHashCode();
    public override string ToString() => X.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A 64-bit index or extent in two dimensions.</summary>
public readonly struct LongIndex2D(long x, long y) : IIndex, IEquatable<LongIndex2D>
{
    public long X { get; } = x;
    public long Y { get; } = y;
    public long Size => X * Y;
    public long LongSize => X * Y;
    public IndexType IndexType => IndexType.LongIndex2D;

    public Index2D ToIntIndex() => new((int)X, (int)Y);
    public bool InBounds(LongIndex2D dimension) => X >= 0 && Y >= 0 && X < dimension.X && Y < dimension.Y;

    public static implicit operator LongIndex2D((long, long) values) => new(values.Item1, values.Item2);
    public static bool operator ==(LongIndex2D first, LongIndex2D second) => first.X == second.X && first.Y == second.Y;
    public static bool operator !=(LongIndex2D first, LongIndex2D second) => !(first == second);

    public bool Equals(LongIndex2D other) => this == other;
    public override bool Equals(object? obj) => obj is LongIndex2D other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(X, Y);
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({X}, {Y})");
}

/// <summary>A 64-bit index or extent in three dimensions.</summary>
public readonly struct LongIndex3D(long x, long y, long z) : IIndex, IEquatable<LongIndex3D>
{
    public long X { get; } = x;
    public long Y { get; } = y;
    public long Z { get; } = z;
    public long Size => X * Y * Z;
    public long LongSize => X * Y * Z;
    public IndexType IndexType => IndexType.LongIndex3D;

    public Index3D ToIntIndex() => new((int)X, (int)Y, (int)Z);
    public bool InBounds(LongIndex3D dimension) =>
        X >= 0 && Y >= 0 && Z >= 0 && X < dimension.X && Y < dimension.Y && Z < dimension.Z;

    public static implicit operator LongIndex3D((long, long, long) values) =>
        new(values.Item1, values.Item2, values.Item3);
    public static bool operator ==(LongIndex3D first, LongIndex3D second) =>
        first.X == second.X && first.Y == second.Y && first.Z == second.Z;
    public static bool operator !=(LongIndex3D first, LongIndex3D second) => !(first == second);

    public bool Equals(LongIndex3D other) => this == other;
    public override bool Equals(object? obj) => obj is LongIndex3D other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(X, Y, Z);
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({X}, {Y}, {Z})");
}
