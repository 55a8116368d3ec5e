using ILGPU;

namespace GpuGrad.Kernels.Numerics;

/// <summary>Precision of the factors of matmuls and convolutions, forward and backward. Sums are always float32.</summary>
public enum Precision
{
    /// <summary>24 bits.</summary>
    Float32,

    /// <summary>11 bits, with a float's range.</summary>
    Tf32,

    /// <summary>8 bits, with a float's range.</summary>
    Bf16,
}

/// <summary>Rounds a float to fewer bits.</summary>
internal interface IRounding
{
    static abstract float Round(float x);
}

/// <summary>No rounding: all 24 bits.</summary>
internal readonly struct NoRounding : IRounding
{
    public static float Round(float x) => x;
}

/// <summary>To nearest, ties away from zero, as PTX's cvt.rna.tf32.</summary>
internal readonly struct Tf32Rounding : IRounding
{
    public static float Round(float x)
    {
        uint bits = Interop.FloatAsInt(x);
        uint finite = Rounding.Finite(bits);
        return Interop.IntAsFloat((bits + (finite * 0x1000u)) & (0xFFFFE000u | (finite - 1u)));
    }
}

/// <summary>To nearest, ties to even, as every bfloat16 unit.</summary>
internal readonly struct Bf16Rounding : IRounding
{
    public static float Round(float x)
    {
        uint bits = Interop.FloatAsInt(x);
        uint finite = Rounding.Finite(bits);
        return Interop.IntAsFloat((bits + (finite * (0x7FFFu + ((bits >> 16) & 1u)))) & (0xFFFF0000u | (finite - 1u)));
    }
}

internal static class Rounding
{
    /// <summary>
    /// 1 for a finite number and 0 for others: a NaN must not become an infinity because its payload is cut off. Without a branch: with one among
    /// the loads of a tile, PoCL 6.0 computed wrong matmuls (not with its work-group method cbs).
    /// </summary>
    public static uint Finite(uint bits)
    {
        uint exponent = (bits & 0x7F800000u) ^ 0x7F800000u;
        return (exponent | (0u - exponent)) >> 31;
    }

    /// <summary>Rounds an operand of a matmul or convolution.</summary>
    public static float Round(Precision precision, float x) => precision switch
    {
        Precision.Tf32 => Tf32Rounding.Round(x),
        Precision.Bf16 => Bf16Rounding.Round(x),
        _ => x,
    };
}
