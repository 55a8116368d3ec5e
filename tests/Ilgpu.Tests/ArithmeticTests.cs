using System.Globalization;
using GpuGrad.Ilgpu.Tests.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Every operator of every number type gives the bits that C# gives, edge values included.</summary>
public sealed class ArithmeticTests
{
    private static readonly long[] Edges =
        [0, 1, -1, 2, 3, 5, 7, -7, 8, 15, 16, 31, 33, 100, 127, 128, -128, 255, 256, 32767, -32768, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, long.MaxValue, long.MinValue, 0x123456789ABCDEF];

    private static readonly float[] Floats =
    [
        0f, -0f, 1f, -1f, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, 3.4999998f, 1e-45f, -1e-40f, 1.1754944e-38f, 1e10f, -1e10f, 2147483648f, -2147483648f, 4294967296f,
        9.223372e18f, 1e20f, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 3.1415927f, 16777217f, 0.1f,
    ];

    private static readonly double[] Doubles = [.. Floats.Select(f => (double)f), 1e300, -1e-310, 0.1, double.MaxValue, 4503599627370497.5];

    public static TheoryData<string, string> IntegerTypes()
    {
        TheoryData<string, string> data = [];
        foreach (string device in new[] { TestDevice.Ptx, TestDevice.OpenCL })
            foreach (string type in new[] { "sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong" })
                data.Add(device, type);
        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(IntegerTypes))]
    public void Integer_operators_give_the_bits_of_CSharp(string device, string type)
    {
        void Check<T>(Action<Index1D, ArrayView<T>, ArrayView<T>, ArrayView<T>> kernel, Func<long, T> convert) where T : unmanaged
        {
            (T[] a, T[] b) = KernelRunner.Pairs([.. Edges.Select(convert)]);
            KernelRunner.SameAsEmulated(device, kernel, a, b, IntegerKernels.Rows * a.Length);
        }
        switch (type)
        {
            case "sbyte":
                Check(IntegerKernels.Sbyte, v => (sbyte)v);
                break;
            case "byte":
                Check(IntegerKernels.Byte, v => (byte)v);
                break;
            case "short":
                Check(IntegerKernels.Short, v => (short)v);
                break;
            case "ushort":
                Check(IntegerKernels.Ushort, v => (ushort)v);
                break;
            case "int":
                Check(IntegerKernels.Int, v => (int)v);
                break;
            case "uint":
                Check(IntegerKernels.Uint, v => (uint)v);
                break;
            case "long":
                Check(IntegerKernels.Long, v => v);
                break;
            default:
                Check(IntegerKernels.Ulong, v => (ulong)v);
                break;
        }
    }

    private static void SingleOperators(Index1D i, ArrayView<float> a, ArrayView<float> b, ArrayView<float> r)
    {
        int n = a.IntLength;
        float x = a[i], y = b[i];
        r[i] = x + y;
        r[n + i] = x - y;
        r[2 * n + i] = x * y;
        r[3 * n + i] = x / y;
        r[4 * n + i] = -x;
        r[5 * n + i] = XMath.Abs(x);
        r[6 * n + i] = XMath.Min(x, y);
        r[7 * n + i] = XMath.Max(x, y);
        r[8 * n + i] = XMath.Sqrt(x);
        r[9 * n + i] = XMath.Floor(x);
        r[10 * n + i] = XMath.Ceiling(x);
        r[11 * n + i] = XMath.Truncate(x);
        r[12 * n + i] = XMath.Round(x);
        r[13 * n + i] = MathF.FusedMultiplyAdd(x, y, 1f);
        r[14 * n + i] = MathF.CopySign(x, y);
        r[15 * n + i] = x % y;
        r[16 * n + i] = XMath.Clamp(x, -1f, 1f);
        r[17 * n + i] = XMath.Rsqrt(x) + XMath.Rcp(y);
        r[18 * n + i] = XMath.RoundAwayFromZero(x);
        r[19 * n + i] = XMath.IEEERemainder(x, y);
        r[20 * n + i] = XMath.Sign(x) + (XMath.IsNaN(y) ? 10 : 0) + (XMath.IsInfinity(x) ? 100 : 0) + (XMath.IsFinite(x) ? 1000 : 0);
        // No device may fuse this.
        r[21 * n + i] = x * y + x;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Float_operators_give_the_bits_of_CSharp(string device)
    {
        (float[] a, float[] b) = KernelRunner.Pairs(Floats);
        KernelRunner.SameAsEmulated<float, float>(device, SingleOperators, a, b, 22 * a.Length);
    }

    private static void DoubleOperators(Index1D i, ArrayView<double> a, ArrayView<double> b, ArrayView<double> r)
    {
        int n = a.IntLength;
        double x = a[i], y = b[i];
        r[i] = x + y;
        r[n + i] = x - y;
        r[2 * n + i] = x * y;
        r[3 * n + i] = x / y;
        r[4 * n + i] = -x + XMath.Abs(y);
        r[5 * n + i] = XMath.Min(x, y);
        r[6 * n + i] = XMath.Max(x, y);
        r[7 * n + i] = XMath.Sqrt(x);
        r[8 * n + i] = XMath.Floor(x) + XMath.Ceiling(y);
        r[9 * n + i] = XMath.Truncate(x) - XMath.Round(y);
        r[10 * n + i] = Math.FusedMultiplyAdd(x, y, 1.0);
        r[11 * n + i] = Math.CopySign(x, y);
        r[12 * n + i] = x < y ? 1 : x > y ? 2 : x == y ? 3 : double.IsNaN(x) ? 4 : 5;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Double_operators_give_the_bits_of_CSharp(string device)
    {
        (double[] a, double[] b) = KernelRunner.Pairs(Doubles);
        KernelRunner.SameAsEmulated<double, double>(device, DoubleOperators, a, b, 13 * a.Length);
    }

    private static void Comparisons(Index1D i, ArrayView<float> a, ArrayView<float> b, ArrayView<int> r)
    {
        float x = a[i], y = b[i];
        int bits = 0;
        bits |= x < y ? 1 : 0;
        bits |= x <= y ? 2 : 0;
        bits |= x > y ? 4 : 0;
        bits |= x >= y ? 8 : 0;
        bits |= x == y ? 16 : 0;
        bits |= x != y ? 32 : 0;
        bits |= !(x < y) ? 64 : 0;
        bits |= !(x <= y) ? 128 : 0;
        bits |= !(x > y) ? 256 : 0;
        bits |= !(x >= y) ? 512 : 0;
        bool less = x < y, notGreater = !(x > y);
        bits |= less & notGreater ? 1024 : 0;
        bits |= less ^ notGreater ? 2048 : 0;
        if (x < y)
            bits |= 4096;
        if (!(x >= y))
            bits |= 8192;
        while (x < y)
        {
            bits |= 16384;
            break;
        }
        r[i] = bits;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Comparisons_with_NaN_go_the_way_of_CSharp(string device)
    {
        (float[] a, float[] b) = KernelRunner.Pairs(Floats);
        KernelRunner.SameAsEmulated<float, int>(device, Comparisons, a, b, a.Length);
    }

    private static void Bits(Index1D i, ArrayView<ulong> a, ArrayView<long> r)
    {
        int n = a.IntLength;
        ulong x = a[i];
        uint w = (uint)x;
        r[i] = IntrinsicMath.PopCount(x) + 100 * IntrinsicMath.PopCount(w);
        r[n + i] = IntrinsicMath.LeadingZeroCount(x) + 100 * IntrinsicMath.LeadingZeroCount(w);
        r[2 * n + i] = IntrinsicMath.TrailingZeroCount(x) + 100 * IntrinsicMath.TrailingZeroCount(w);
        r[3 * n + i] = (long)Math.BigMul(x, 0xD2511F53CD9E8D57, out ulong low);
        r[4 * n + i] = (long)low;
        r[5 * n + i] = (long)(((ulong)w * 0xD2511F53u) >> 32);
        r[6 * n + i] = Math.BigMul((int)w, -77) + (long)Math.BigMul(w, 0xCD9E8D57u);
        r[7 * n + i] = System.Numerics.BitOperations.RotateLeft(w, 13) ^ (long)System.Numerics.BitOperations.RotateRight(x, 17);
        r[8 * n + i] = Interop.FloatAsInt(Interop.IntAsFloat(w)) + (long)Interop.FloatAsInt(Interop.IntAsFloat(x) * 0);
        r[9 * n + i] = BitConverter.SingleToInt32Bits(BitConverter.Int32BitsToSingle((int)w & 0x3FFFFFFF));
        r[10 * n + i] = (long)Math.BigMul((long)x, -12345678901234567, out long signedLow) ^ signedLow;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Bit_operations_and_wide_products_give_the_bits_of_CSharp(string device) =>
        KernelRunner.SameAsEmulated<ulong, long>(device, Bits, [.. Edges.Select(e => (ulong)e)], 11 * Edges.Length);

    [Fact]
    public void The_language_of_the_machine_does_not_change_the_code()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        string neutral = Text();
        try
        {
            CultureInfo foreign = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            foreign.NumberFormat.NumberDecimalSeparator = ",";
            foreign.NumberFormat.NegativeSign = "~";
            CultureInfo.CurrentCulture = foreign;
            Assert.Equal(neutral, Text());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        static string Text()
        {
            Delegate kernel = (Action<Index1D, ArrayView<float>, ArrayView<float>, ArrayView<float>>)SingleOperators;
            return ILGPU.Bundled.KernelInspection.ToPtx(kernel) + ILGPU.Bundled.KernelInspection.ToOpenCL(kernel);
        }
    }
}
