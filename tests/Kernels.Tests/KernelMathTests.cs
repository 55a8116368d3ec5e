using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Tests;

/// <summary>
/// The GPU kernels' functions of one float, run on the host, against <see cref="Math"/> in double over an even sample of all floats. The
/// bounds are the ones that <c>KernelMath</c> promises.
/// </summary>
public sealed class KernelMathTests
{
    // Prime, so that no pattern of low bits is left out.
    private const uint Stride = 1009;

    private static readonly Dictionary<string, (Func<float, float> Function, Func<double, double> Exact)> Functions = new()
    {
        ["exp"] = (KernelMath.Exp, Math.Exp),
        ["log"] = (KernelMath.Log, Math.Log),
        ["tanh"] = (x => F32.Tanh(new(x)).Value, Math.Tanh),
        ["erf"] = (x => F32.Erf(new(x)).Value, ErrorFunction.Erf),
        ["sin"] = (KernelMath.Sin, Math.Sin),
        ["cos"] = (KernelMath.Cos, Math.Cos),
    };

    [Theory]
    [InlineData("exp", 1.1)]
    [InlineData("log", 1.0)]
    [InlineData("tanh", 1.35)]
    [InlineData("erf", 2.5)]
    [InlineData("sin", 1.6)]
    [InlineData("cos", 1.6)]
    public void Errors_stay_within_the_promised_units_in_the_last_place(string name, double bound)
    {
        (Func<float, float> function, Func<double, double> exact) = Functions[name];
        bool isAngle = name is "sin" or "cos";
        (double worst, float at) = (0, 0);
        for (ulong bits = 0; bits < 1UL << 32; bits += Stride)
        {
            float x = BitConverter.UInt32BitsToSingle((uint)bits);
            if (isAngle && Math.Abs(x) >= 65536)
                continue;
            double error = UnitsApart(exact(x), function(x));
            if (!(error <= worst))
                (worst, at) = (error, x);
        }
        Assert.True(worst <= bound, FormattableString.Invariant($"{name}: {worst:F3} ulp at {at:G9}, expected at most {bound}"));
    }

    [Theory]
    [InlineData("exp", float.NaN, float.NaN)]
    [InlineData("exp", float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData("exp", float.NegativeInfinity, 0f)]
    [InlineData("exp", 0f, 1f)]
    [InlineData("log", float.NaN, float.NaN)]
    [InlineData("log", -1f, float.NaN)]
    [InlineData("log", 0f, float.NegativeInfinity)]
    [InlineData("log", 1f, 0f)]
    [InlineData("log", 1e-45f, -103.27893f)]
    [InlineData("log", float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData("tanh", float.NegativeInfinity, -1f)]
    [InlineData("erf", float.PositiveInfinity, 1f)]
    [InlineData("sin", float.PositiveInfinity, float.NaN)]
    [InlineData("cos", 65536f, float.NaN)]
    [InlineData("cos", 0f, 1f)]
    public void The_ends_of_the_range_come_out_right(string name, float x, float expected) => Assert.Equal(expected, Functions[name].Function(x));

    private static double UnitsApart(double exact, float actual)
    {
        float rounded = (float)exact;
        if (float.IsNaN(rounded) || float.IsInfinity(rounded) || !float.IsFinite(actual))
            return rounded.Equals(actual) ? 0 : double.PositiveInfinity;
        double unit = Math.Max(Math.ScaleB(1, -149), Math.ScaleB(1, Math.ILogB(exact == 0 ? 1e-300 : exact) - 23));
        return Math.Abs(exact - actual) / unit;
    }
}
