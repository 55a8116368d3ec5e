using ILGPU;

namespace GpuGrad.Kernels.Numerics;

/// <summary>How exact the factors of products are: of matrices and of convolutions, forward and backward. Sums are floats always.</summary>
public enum Precision
{
    /// <summary>24 bits.</summary>
    Float32,

    /// <summary>11 bits, a float's range.</summary>
    Tf32,

    /// <summary>8 bits, a float's range.</summary>
    Bf16,
}

/// <summary>Takes a float to the nearest number of fewer bits.</summary>
internal interface IRounding
{
    static abstract float Round(float x);
}

/// <summary>All 24 bits.</summary>
internal readonly struct NoRounding : IRounding
{
    public static float Round(float x) => x;
}

/// <summary>To nearest, ties away from zero: what PTX's cvt.rna.tf32 does.</summary>
internal readonly struct Tf32Rounding : IRounding
{
    public static float Round(float x)
    {
        uint bits = Interop.FloatAsInt(x);
        return Rounding.IsFinite(bits) ? Interop.IntAsFloat((bits + 0x1000u) & 0xFFFFE000u) : x;
    }
}

/// <summary>To nearest, ties to even: what every bfloat16 unit does.</summary>
internal readonly struct Bf16Rounding : IRounding
{
    public static float Round(float x)
    {
        uint bits = Interop.FloatAsInt(x);
        return Rounding.IsFinite(bits) ? Interop.IntAsFloat((bits + 0x7FFFu + ((bits >> 16) & 1u)) & 0xFFFF0000u) : x;
    }
}

internal static class Rounding
{
    // A NaN must not become an infinity because its payload is cut off.
    public static bool IsFinite(uint bits) => (bits & 0x7F800000u) != 0x7F800000u;

    /// <summary>Rounds what a product reads.</summary>
    public static float Round(Precision precision, float x) => precision switch
    {
        Precision.Tf32 => Tf32Rounding.Round(x),
        Precision.Bf16 => Bf16Rounding.Round(x),
        _ => x,
    };
}
