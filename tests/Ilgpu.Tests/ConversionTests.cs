using ILGPU;
using Half = ILGPU.Half;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Conversions between all number types give the bits that C# gives, saturation and NaN included.</summary>
public sealed class ConversionTests
{
    private static readonly float[] Floats =
    [
        0f, -0f, 0.4f, 0.5f, 0.9f, 1.5f, -0.9f, -1.5f, 126.7f, 127.5f, 128f, -128.9f, 255.5f, 256f, 32767.5f, 65535.9f, 65536f, -32769f, 2147483520f, 2147483648f, -2147483648f,
        -2147483904f, 4294967040f, 4294967296f, 9.223371e18f, 9.223372e18f, 1.8446743e19f, 1.8446744e19f, 1e30f, -1e30f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1e-40f,
    ];

    private static readonly long[] Integers =
        [0, 1, -1, 127, 128, 255, 256, 32767, 32768, 65535, 16777215, 16777217, 33554435, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 53, (1L << 53) + 1, (1L << 62) + 12345, long.MaxValue, long.MinValue, -16777217, 0x7FFFFFBFFFFFFFFF];

    private static void FromFloat(Index1D i, ArrayView<float> a, ArrayView<long> r)
    {
        int n = a.IntLength;
        float x = a[i];
        r[i] = (sbyte)x;
        r[n + i] = (byte)x;
        r[2 * n + i] = (short)x;
        r[3 * n + i] = (ushort)x;
        r[4 * n + i] = (int)x;
        r[5 * n + i] = (uint)x;
        r[6 * n + i] = (long)x;
        r[7 * n + i] = (long)(ulong)x;
        r[8 * n + i] = (char)x;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Floats_convert_to_integers_as_in_CSharp(string device) =>
        KernelRunner.SameAsEmulated<float, long>(device, FromFloat, Floats, 9 * Floats.Length);

    private static void FromDouble(Index1D i, ArrayView<double> a, ArrayView<long> r)
    {
        int n = a.IntLength;
        double x = a[i];
        r[i] = (int)x;
        r[n + i] = (uint)x;
        r[2 * n + i] = (long)x;
        r[3 * n + i] = (long)(ulong)x;
        r[4 * n + i] = Interop.FloatAsInt((float)x);
        r[5 * n + i] = (sbyte)x;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Doubles_convert_as_in_CSharp(string device)
    {
        double[] values = [.. Floats.Select(f => (double)f), 0.1, 1e-320, 1e300, 16777217.0000001, 2147483647.5, -2147483648.9, 4294967295.7];
        KernelRunner.SameAsEmulated<double, long>(device, FromDouble, values, 6 * values.Length);
    }

    private static void FromLong(Index1D i, ArrayView<long> a, ArrayView<double> r)
    {
        int n = a.IntLength;
        long x = a[i];
        r[i] = (float)(sbyte)x;
        r[n + i] = (float)(byte)x;
        r[2 * n + i] = (float)(short)x;
        r[3 * n + i] = (float)(ushort)x;
        r[4 * n + i] = (float)(int)x;
        r[5 * n + i] = (float)(uint)x;
        r[6 * n + i] = (float)x;
        r[7 * n + i] = (double)(int)x;
        r[8 * n + i] = (double)(uint)x;
        r[9 * n + i] = (double)x;
        r[10 * n + i] = (double)(ulong)x;
        r[11 * n + i] = (int)x + (long)(uint)x + (short)x + (sbyte)(int)x + (ushort)(uint)x;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Integers_convert_to_floats_as_in_CSharp(string device) =>
        KernelRunner.SameAsEmulated<long, double>(device, FromLong, Integers, 12 * Integers.Length);

    private static void UlongToFloat(Index1D i, ArrayView<ulong> a, ArrayView<float> r) => r[i] = (float)a[i];

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Unsigned_longs_convert_to_float_as_in_CSharp(string device) =>
        KernelRunner.SameAsEmulated<ulong, float>(device, UlongToFloat, [.. Integers.Select(v => (ulong)v), 0x8000008000000001, 0xFFFFFF7FFFFFFFFF], Integers.Length + 2);

    private static void ThroughHalf(Index1D i, ArrayView<float> a, ArrayView<float> r)
    {
        int n = a.IntLength;
        Half h = (Half)a[i];
        r[i] = h;
        r[n + i] = Interop.FloatAsInt(h) & 0x7FFF;
        r[2 * n + i] = h + (Half)1.5f;
        r[3 * n + i] = h * (Half)3f - (Half)0.1f;
        r[4 * n + i] = (h < (Half)2f ? 1 : 0) + (Half.IsNaN(h) ? 2 : 0) + (h == (Half)1f ? 4 : 0) + (Half.IsInfinity(h) ? 8 : 0);
        r[5 * n + i] = Interop.IntAsFloat((ushort)(Interop.FloatAsInt(h) ^ 0x8000));
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Halves_convert_and_compute_as_in_CSharp(string device)
    {
        // No NaN: which of them a conversion gives is the device's choice.
        float[] values = [0f, -0f, 1f, 1.0004883f, 1.0014648f, 65504f, 65519.996f, 65520f, -70000f, 6e-8f, 2.9e-8f, 3e-8f, 6.1e-5f, 1e-10f, 0.1f, 3.14159f, float.PositiveInfinity, float.NegativeInfinity];
        KernelRunner.SameAsEmulated<float, float>(device, ThroughHalf, values, 6 * values.Length);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void A_half_that_is_NaN_stays_one(string device)
    {
        float[] result = KernelRunner.Map<float, float>(device, ThroughHalf, [float.NaN], 6);
        Assert.Equal([float.NaN, float.NaN, float.NaN], [result[0], result[2], result[3]]);
        Assert.Equal(2f, result[4]);
    }

    private static uint ToBrain(float x)
    {
        uint bits = Interop.FloatAsInt(x);
        return XNaN(x) ? 0x7FC0u : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    }

    private static bool XNaN(float x) => ILGPU.Algorithms.XMath.IsNaN(x);

    private static void ThroughBrain(Index1D i, ArrayView<float> a, ArrayView<ushort> r) => r[i] = (ushort)ToBrain(a[i]);

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Brain_floats_can_be_made_by_bit_operations(string device) =>
        KernelRunner.SameAsEmulated<float, ushort>(device, ThroughBrain, Floats, Floats.Length);
}
