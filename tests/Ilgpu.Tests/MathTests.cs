using ILGPU;
using ILGPU.Algorithms;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>
/// XMath's functions of float: their accuracy is measured over the floats on the host, in units in the last place against
/// double, and every device must give the host's bits.
/// </summary>
public sealed class MathTests
{
    /// <summary>Bounds in ulp. The smallest are what a correctly written function of float arithmetic reaches.</summary>
    private static readonly Dictionary<string, (Func<float, float> Function, Func<double, double> Exact, double Ulp)> Functions = new()
    {
        ["exp"] = (XMath.Exp, Math.Exp, 1.1),
        ["exp2"] = (XMath.Exp2, x => Math.Pow(2, x), 1.0),
        ["log"] = (XMath.Log, Math.Log, 1.0),
        ["log2"] = (XMath.Log2, Math.Log2, 1.2),
        ["log10"] = (XMath.Log10, Math.Log10, 1.6),
        ["sin"] = (XMath.Sin, Math.Sin, 1.6),
        ["cos"] = (XMath.Cos, Math.Cos, 1.6),
        ["tan"] = (XMath.Tan, Math.Tan, 3.3),
        ["sinh"] = (XMath.Sinh, Math.Sinh, 1.7),
        ["cosh"] = (XMath.Cosh, Math.Cosh, 1.6),
        ["tanh"] = (XMath.Tanh, Math.Tanh, 1.4),
        ["asin"] = (XMath.Asin, Math.Asin, 2.3),
        ["acos"] = (XMath.Acos, Math.Acos, 1.4),
        ["atan"] = (XMath.Atan, Math.Atan, 2.1),
        ["rsqrt"] = (XMath.Rsqrt, x => 1 / Math.Sqrt(x), 1.5),
    };

    public static TheoryData<string> FunctionNames => [.. Functions.Keys];

    private static double UlpError(float got, double exact)
    {
        float rounded = (float)exact;
        if (float.IsNaN(rounded) || float.IsNaN(got))
            return float.IsNaN(rounded) && float.IsNaN(got) ? 0 : double.PositiveInfinity;
        if (got == rounded)
            return 0.5;
        if (float.IsInfinity(rounded) || float.IsInfinity(got))
            // Next to the limit a function may round over it.
            return Math.Abs(exact) > 3.4028e38 && MathF.Abs(got) > 3.4028e38f ? 1 : double.PositiveInfinity;
        float magnitude = MathF.Abs(rounded);
        return Math.Abs(got - exact) / (MathF.BitIncrement(magnitude) - (double)magnitude);
    }

    [Theory]
    [MemberData(nameof(FunctionNames))]
    public void Functions_keep_their_error_bounds_over_all_floats(string name)
    {
        (Func<float, float> function, Func<double, double> exact, double bound) = Functions[name];
        double worst = 0;
        float at = 0;
        // A prime stride: every 2003rd float, and every exponent and special value many times.
        for (long bits = 0; bits <= uint.MaxValue; bits += 2003)
        {
            float x = BitConverter.UInt32BitsToSingle((uint)bits);
            double error = UlpError(function(x), exact(x));
            if (error > worst)
                (worst, at) = (error, x);
        }
        foreach (float x in new[] { 0f, -0f, 1f, -1f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, float.Epsilon, float.MaxValue, 65536f, 0.5f, -0.5f })
            worst = Math.Max(worst, UlpError(function(x), exact(x)));
        Assert.True(worst <= bound, $"{name} is off by {worst:0.00} ulp at {at}, allowed are {bound}.");
    }

    [Fact]
    public void Powers_keep_their_error_bound_and_special_cases()
    {
        float[] special = [0f, -0f, 1f, -1f, 2f, 3f, -3f, 0.5f, -0.5f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1e-40f, 3e38f, 16777216f, 16777217f, -7f];
        foreach (float x in special)
        {
            foreach (float y in special)
                Assert.True(UlpError(XMath.Pow(x, y), Math.Pow(x, y)) <= 1.6, $"pow({x}, {y}) = {XMath.Pow(x, y)}, not {Math.Pow(x, y)}");
        }
        Random random = new(1);
        for (int i = 0; i < 300_000; i++)
        {
            float x = MathF.Exp((float)(random.NextDouble() * 20 - 10)), y = (float)(random.NextDouble() * 40 - 20);
            Assert.True(UlpError(XMath.Pow(x, y), Math.Pow(x, y)) <= 1.6, $"pow({x}, {y}) = {XMath.Pow(x, y)}");
            Assert.True(UlpError(XMath.Atan2(x, y), Math.Atan2(x, y)) <= 2.1, $"atan2({x}, {y}) = {XMath.Atan2(x, y)}");
        }
    }

    private static void OneArgument(Index1D i, ArrayView<float> x, ArrayView<float> r)
    {
        int n = x.IntLength;
        float v = x[i];
        r[i] = XMath.Exp(v);
        r[n + i] = XMath.Exp2(v);
        r[2 * n + i] = XMath.Log(v);
        r[3 * n + i] = XMath.Log2(v);
        r[4 * n + i] = XMath.Log10(v);
        r[5 * n + i] = XMath.Sin(v);
        r[6 * n + i] = XMath.Cos(v);
        r[7 * n + i] = XMath.Tan(v);
        r[8 * n + i] = XMath.Sinh(v);
        r[9 * n + i] = XMath.Cosh(v);
        r[10 * n + i] = XMath.Tanh(v);
        r[11 * n + i] = XMath.Asin(v);
        r[12 * n + i] = XMath.Acos(v);
        r[13 * n + i] = XMath.Atan(v);
        XMath.SinCos(v, out float sin, out float cos);
        r[14 * n + i] = sin - cos;
        r[15 * n + i] = XMath.Pow(v, 1.7f) + XMath.Pow(XMath.Abs(v), -0.3f);
        r[16 * n + i] = XMath.Atan2(v, 2f) - XMath.Atan2(1f, v);
        r[17 * n + i] = XMath.Log(v, 3f) + XMath.DegToRad(v) + XMath.RadToDeg(v);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Functions_give_the_same_bits_on_every_device(string device)
    {
        Random random = new(2);
        float[] values =
        [
            0f, -0f, 1f, -1f, 0.5f, 0.6f, -0.6f, 88.72f, 88.73f, -103.9f, -104f, 127.99f, 128f, -149.5f, 1e-40f, 9.02f, 65535.9f, 65536f, 1e8f, 3e38f, -1e30f,
            float.PositiveInfinity, float.NegativeInfinity, float.NaN, .. Enumerable.Range(0, 400).Select(_ => (float)(random.NextDouble() * 20 - 10)),
            .. Enumerable.Range(0, 400).Select(_ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue))),
        ];
        KernelRunner.SameAsEmulated<float, float>(device, OneArgument, values, 18 * values.Length);
    }

    private static void ThroughMathF(Index1D i, ArrayView<float> x, ArrayView<float> r) =>
        r[i] = MathF.Exp(x[i]) + MathF.Log(x[i]) * MathF.Tanh(x[i]) + MathF.Pow(x[i], 3f) + MathF.Sin(x[i]) / MathF.Atan2(x[i], 2f);

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void MathF_means_XMath_on_a_device(string device)
    {
        float[] x = [0.1f, 0.7f, 1f, 2.5f, 9f];
        float[] expected = [.. x.Select(v => XMath.Exp(v) + XMath.Log(v) * XMath.Tanh(v) + XMath.Pow(v, 3f) + XMath.Sin(v) / XMath.Atan2(v, 2f))];
        Assert.Equal(expected, KernelRunner.Map<float, float>(device, ThroughMathF, x, x.Length));
    }

    private static void Fast(Index1D i, ArrayView<float> x, ArrayView<float> r) => r[i] = x[i] * x[i] + 1f / XMath.Sqrt(x[i]);

    [Fact]
    public void Only_a_context_that_asks_for_it_gets_fast_arithmetic()
    {
        string exact = ILGPU.Bundled.KernelInspection.ToPtx((Action<Index1D, ArrayView<float>, ArrayView<float>>)Fast);
        Assert.Contains("mul.rn.f32", exact, StringComparison.Ordinal);
        Assert.Contains("add.rn.f32", exact, StringComparison.Ordinal);
        Assert.Contains("sqrt.rn.f32", exact, StringComparison.Ordinal);
        Assert.Contains("div.rn.f32", exact, StringComparison.Ordinal);
        using var accelerator = GpuGrad.Tests.Support.Ptx.PtxInterpreter.Create(configure: b => b.Math(MathMode.Fast));
        var kernel = ILGPU.Runtime.KernelLoaders.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>>(accelerator, Fast);
        using var data = ILGPU.Runtime.ArrayViewExtensions.Allocate1D(accelerator, [4f]);
        kernel(1, data.View, data.View);
        Assert.Equal(16.5f, ILGPU.Runtime.ArrayViewExtensions.GetAsArray1D(data)[0], 1e-4f);
    }
}
