using ILGPU.Algorithms;

namespace GpuGrad.Kernels.Numerics;

/// <summary>A float: the arithmetic of the GPU kernels.</summary>
public readonly struct F32(float value) : IReal<F32>
{
    public readonly float Value = value;

    public static F32 Of(double value) => new((float)value);

    public static F32 operator +(F32 a, F32 b) => new(a.Value + b.Value);

    public static F32 operator -(F32 a, F32 b) => new(a.Value - b.Value);

    public static F32 operator *(F32 a, F32 b) => new(a.Value * b.Value);

    public static F32 operator /(F32 a, F32 b) => new(a.Value / b.Value);

    public static F32 operator -(F32 a) => new(-a.Value);

    // GPUs' own maximum drops a NaN; these keep it.
    public static F32 Max(F32 a, F32 b) => a.Value > b.Value || XMath.IsNaN(a.Value) ? a : b;

    public static F32 Min(F32 a, F32 b) => a.Value < b.Value || XMath.IsNaN(a.Value) ? a : b;

    public static F32 Abs(F32 x) => new(XMath.Abs(x.Value));

    public static F32 Sqrt(F32 x) => new(XMath.Sqrt(x.Value));

    public static F32 Exp(F32 x) => new(XMath.Exp(x.Value));

    public static F32 Log(F32 x) => new(XMath.Log(x.Value));

    public static F32 Tanh(F32 x) => new(XMath.Tanh(x.Value));

    public static F32 Erf(F32 x) => new(KernelMath.Erf(x.Value));

    public static F32 WhereGreater(F32 a, F32 b, F32 then, F32 otherwise) => a.Value > b.Value ? then : otherwise;
}

/// <summary>Functions of floats that ILGPU lacks.</summary>
public static class KernelMath
{
    /// <summary>The error function; the fits of <see cref="FloatMath"/>, within 3 units in the last place.</summary>
    public static float Erf(float x)
    {
        float a = XMath.Abs(x);
        if (!(a > 1))
        {
            float z = x * x;
            float p = 7.8538577115640120e-05f;
            p = (p * z) - 8.0101925220344935e-04f;
            p = (p * z) + 5.1883275601282133e-03f;
            p = (p * z) - 2.6853811869165092e-02f;
            p = (p * z) + 1.1283585147032535e-01f;
            p = (p * z) - 3.7612625824093743e-01f;
            p = (p * z) + 1.1283791657266906e+00f;
            return p * x;
        }
        float b = a < 5 ? a : 5;
        float t = 1 / ((b * 0.5f) + 1);
        float q = 0.09303182485095318f;
        q = (q * t) - 0.2248478119788393f;
        q = (q * t) + 0.0806474321381713f;
        q = (q * t) + 0.06225227478696101f;
        q = (q * t) + 0.1782823167829786f;
        q = (q * t) + 0.24707851389179278f;
        q = (q * t) + 0.2820254928721246f;
        q = (q * t) + 0.282099119606808f;
        float large = 1 - (t * XMath.Exp(-(b * b)) * q);
        return x < 0 ? -large : large;
    }
}
