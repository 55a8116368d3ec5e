using System.Globalization;

namespace ILGPU.Util;

/// <summary>Two floats that are loaded and stored with one instruction.</summary>
public struct Float2(float x, float y) : IEquatable<Float2>
{
    public const int ElementSize = 4;

    public Float2(float value) : this(value, value) { }

    public float X { get; set; } = x;
    public float Y { get; set; } = y;

    public readonly (float, float) ToValueTuple() => (X, Y);

    public static Float2 operator +(Float2 left, Float2 right) => new(left.X + right.X, left.Y + right.Y);
    public static Float2 operator -(Float2 left, Float2 right) => new(left.X - right.X, left.Y - right.Y);
    public static Float2 operator *(Float2 left, Float2 right) => new(left.X * right.X, left.Y * right.Y);
    public static Float2 operator /(Float2 left, Float2 right) => new(left.X / right.X, left.Y / right.Y);
    public static implicit operator Float2(float value) => new(value);
    public static implicit operator (float, float)(Float2 value) => value.ToValueTuple();
    public static bool operator ==(Float2 left, Float2 right) => left.X == right.X && left.Y == right.Y;
    public static bool operator !=(Float2 left, Float2 right) => !(left == right);

    public readonly bool Equals(Float2 other) => this == other;
    public override readonly bool Equals(object? obj) => obj is Float2 other && Equals(other);
    public override readonly int GetHashCode() => HashCode.Combine(X, Y);
    public override readonly string ToString() => string.Create(CultureInfo.InvariantCulture, $"({X}, {Y})");
}
