namespace GpuGrad.Kernels.Tensors;

/// <summary>Element type of a tensor. The device decides how wide a <see cref="Real"/> is.</summary>
public enum ElementType
{
    /// <summary>A real number: <c>double</c> on the reference device, <c>float</c> on every other.</summary>
    Real,

    /// <summary>A label, an index or a counter.</summary>
    Int32,

    /// <summary>A pixel as stored in a file, a mask, a position in a pooling window.</summary>
    Byte,
}

/// <summary>A shape and an element type.</summary>
public readonly record struct TensorType(Shape Shape, ElementType Element = ElementType.Real)
{
    public override string ToString() => Element == ElementType.Real ? Shape.ToString() : $"{Element} {Shape}";
}
