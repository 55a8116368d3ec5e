using ILGPU;

namespace GpuGrad.Kernels.Numerics;

/// <summary>A float, the arithmetic of the GPU kernels.</summary>
public readonly struct F32(float value) : IFloat<F32>
{
    public readonly float Value = value;

    public static F32 Of(double value) => new((float)value);

    public static F32 operator +(F32 a, F32 b) => new(a.Value + b.Value);

    public static F32 operator -(F32 a, F32 b) => new(a.Value - b.Value);

    public static F32 operator *(F32 a, F32 b) => new(a.Value * b.Value);

    public static F32 operator /(F32 a, F32 b) => new(a.Value / b.Value);

    public static F32 operator -(F32 a) => new(-a.Value);

    // A GPU's own maximum ignores NaN; these propagate it.
    public static F32 Max(F32 a, F32 b) => a.Value > b.Value || float.IsNaN(a.Value) ? a : b;

    public static F32 Min(F32 a, F32 b) => a.Value < b.Value || float.IsNaN(a.Value) ? a : b;

    public static F32 Abs(F32 x) => new(MathF.Abs(x.Value));

    public static F32 Sqrt(F32 x) => new(MathF.Sqrt(x.Value));

    public static F32 Exp(F32 x) => FloatMath.Exp(x);

    public static F32 Log(F32 x) => new(KernelMath.Log(x.Value));

    public static F32 Tanh(F32 x) => FloatMath.Tanh(x);

    public static F32 Erf(F32 x) => FloatMath.Erf(x);

    public static F32 Fma(F32 a, F32 b, F32 c) => new(FusedMultiplyAdd.Of(a.Value, b.Value, c.Value));

    // Adding 1.5·2²³ leaves no bits for a fraction.
    public static F32 Round(F32 x) => new(x.Value + 12582912f - 12582912f);

    public static F32 PowerOfTwo(F32 n) => new(Interop.IntAsFloat((uint)((int)n.Value + 127) << 23));

    public static F32 WhereGreater(F32 a, F32 b, F32 then, F32 otherwise) => a.Value > b.Value ? then : otherwise;
}
