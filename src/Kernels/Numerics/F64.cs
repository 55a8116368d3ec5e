namespace GpuGrad.Kernels.Numerics;

/// <summary>A double, the arithmetic of the reference device.</summary>
public readonly record struct F64(double Value) : IReal<F64>
{
    public static F64 Of(double value) => new(value);

    public static F64 operator +(F64 a, F64 b) => new(a.Value + b.Value);

    public static F64 operator -(F64 a, F64 b) => new(a.Value - b.Value);

    public static F64 operator *(F64 a, F64 b) => new(a.Value * b.Value);

    public static F64 operator /(F64 a, F64 b) => new(a.Value / b.Value);

    public static F64 operator -(F64 a) => new(-a.Value);

    public static F64 Max(F64 a, F64 b) => new(Math.Max(a.Value, b.Value));

    public static F64 Min(F64 a, F64 b) => new(Math.Min(a.Value, b.Value));

    public static F64 Abs(F64 x) => new(Math.Abs(x.Value));

    public static F64 Sqrt(F64 x) => new(Math.Sqrt(x.Value));

    public static F64 Exp(F64 x) => new(Math.Exp(x.Value));

    public static F64 Log(F64 x) => new(Math.Log(x.Value));

    public static F64 Tanh(F64 x) => new(Math.Tanh(x.Value));

    public static F64 Erf(F64 x) => new(ErrorFunction.Erf(x.Value));

    public static F64 WhereGreater(F64 a, F64 b, F64 then, F64 otherwise) => a.Value > b.Value ? then : otherwise;
}

/// <summary>The error function in double, to about 1e-15.</summary>
public static class ErrorFunction
{
    public static double Erf(double x)
    {
        double a = Math.Abs(x);
        if (double.IsNaN(x))
            return x;
        double value = a < 2.5 ? Series(a) : a < 6.5 ? 1 - ContinuedFraction(a) : 1;
        return Math.CopySign(value, x);
    }

    // Abramowitz and Stegun 7.1.6: 2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)); all terms are positive, so nothing cancels.
    private static double Series(double x)
    {
        double term = x, sum = x;
        for (int n = 1; term > sum * 1e-17; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    // Abramowitz and Stegun 7.1.14 for erfc, from the innermost fraction outwards.
    private static double ContinuedFraction(double x)
    {
        double fraction = 0;
        for (int n = 120; n > 0; n--)
            fraction = n / 2.0 / (x + fraction);
        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * (x + fraction));
    }
}
