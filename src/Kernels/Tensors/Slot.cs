namespace GpuGrad.Kernels.Tensors;

/// <summary>
/// A named region of device memory that outlives a step: the parameters, their gradients, an optimizer's moments, the
/// running statistics, the data set. Plans for different batch sizes share slots; each device holds one buffer per slot.
/// </summary>
/// <param name="Name">For messages and dumps.</param>
/// <param name="Element">Type of every element.</param>
/// <param name="Length">Number of elements.</param>
public sealed record Slot(string Name, ElementType Element, long Length)
{
    // Two slots of the same name and size are still two regions of memory.
    public bool Equals(Slot? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>Offset of a tensor in a slot, in elements.</summary>
public readonly record struct Placement(Slot Slot, long Offset);
