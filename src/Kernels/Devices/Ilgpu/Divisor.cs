using System.Numerics;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// A divisor for kernels: division by multiplication and shift, where a GPU's integer division takes some twenty instructions
/// (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994). Dividends must not be negative.
/// </summary>
internal readonly struct Divisor
{
    private readonly int value;
    private readonly uint multiplier; // 2^(31 + l) / value, rounded up, l the bits of value - 1: exact for every dividend below 2^31
    private readonly int shift;

    public Divisor(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
        this.value = value;
        shift = 31 + (32 - BitOperations.LeadingZeroCount((uint)value - 1));
        multiplier = (uint)(((1UL << shift) + (uint)value - 1) / (uint)value);
    }

    public int Value => value;

    public int Quotient(int dividend) => (int)(((ulong)(uint)dividend * multiplier) >> shift);

    public int Remainder(int dividend) => dividend - (Quotient(dividend) * value);
}
