using System.Globalization;

namespace ILGPU.Util;

/// <summary>Four floats that are loaded and stored with one instruction.</summary>
public struct Float4(float x, float y, float z, float w) : IEquatable<Float4>
{
    public const int ElementSize = 4;

    public Float4(float value) : this(value, value, value, value) { }

    public float X { get; set; } = x;
    public float Y { get; set; } = y;
    public float Z { get; set; } = z;
    public float W { get; set; } = w;

    public readonly (float, float, float, float) ToValueTuple() => (X, Y, Z, W);

    public static Float4 operator +(Float4 left, Float4 right) =>
        new(left.X + right.X, left.Y + right.Y, left.Z + right.Z, left.W + right.W);
    public static Float4 operator -(Float4 left, Float4 right) =>
        new(left.X - right.X, left.Y - right.Y, left.Z - right.Z, left.W - right.W);
    public static Float4 operator *(Float4 left, Float4 right) =>
        new(left.X * right.X, left.Y * right.Y, left.Z * right.Z, left.W * right.W);
    public static Float4 operator /(Float4 left, Float4 right) =>
        new(left.X / right.X, left.Y / right.Y, left.Z / right.Z, left.W / right.W);
    public static implicit operator Float4(float value) => new(value);
    public static implicit operator (float, float, float, float)(Float4 value) => value.ToValueTuple();
    public static bool operator ==(Float4 left, Float4 right) =>
        left.X == right.X && left.Y == right.Y && left.Z == right.Z && left.W == right.W;
    public static bool operator !=(Float4 left, Float4 right) => !(left == right);

    public readonly bool Equals(Float4 other) => this == other;
    public override readonly bool Equals(object? obj) => obj is Float4 other && Equals(other);
    public override readonly int GetHashCode() => HashCode.Combine(X, Y, Z, W);
    public override readonly string ToString() => string.Create(CultureInfo.InvariantCulture, $"({X}, {Y}, {Z}, {W})");
}
