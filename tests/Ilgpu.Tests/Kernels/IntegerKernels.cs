using ILGPU;

namespace GpuGrad.Ilgpu.Tests.Kernels;

/// <summary>Operators of every integer type, one row of results each. Shifts and divisions are by what C# allows.</summary>
internal static class IntegerKernels
{
    public const int Rows = 18;

    public static void Sbyte(Index1D i, ArrayView<sbyte> a, ArrayView<sbyte> b, ArrayView<sbyte> r)
    {
        int n = a.IntLength;
        sbyte x = a[i], y = b[i], d = y == 0 || y == -1 ? (sbyte)1 : y;
        r[i] = (sbyte)(x + y);
        r[n + i] = (sbyte)(x - y);
        r[2 * n + i] = (sbyte)(x * y);
        r[3 * n + i] = (sbyte)(x / d);
        r[4 * n + i] = (sbyte)(x % d);
        r[5 * n + i] = (sbyte)(x & y);
        r[6 * n + i] = (sbyte)(x | y);
        r[7 * n + i] = (sbyte)(x ^ y);
        r[8 * n + i] = (sbyte)(~x);
        r[9 * n + i] = (sbyte)(-x);
        r[10 * n + i] = (sbyte)(x << ((int)y & 7));
        r[11 * n + i] = (sbyte)(x >> ((int)y & 7));
        r[12 * n + i] = (sbyte)(x >>> ((int)y & 7));
        r[13 * n + i] = IntrinsicMath.Min(x, y);
        r[14 * n + i] = IntrinsicMath.Max(x, y);
        r[15 * n + i] = IntrinsicMath.Clamp(x, (sbyte)3, (sbyte)100);
        r[16 * n + i] = x < y ? x : y <= d ? y : x > d ? d : (sbyte)(x + 1);
        r[17 * n + i] = (sbyte)(x / 8 + x % 16 + (x == y ? 1 : 0) + (x != d ? 2 : 0) + (x >= y ? 4 : 0));
    }

    public static void Byte(Index1D i, ArrayView<byte> a, ArrayView<byte> b, ArrayView<byte> r)
    {
        int n = a.IntLength;
        byte x = a[i], y = b[i], d = y == 0 ? (byte)1 : y;
        r[i] = (byte)(x + y);
        r[n + i] = (byte)(x - y);
        r[2 * n + i] = (byte)(x * y);
        r[3 * n + i] = (byte)(x / d);
        r[4 * n + i] = (byte)(x % d);
        r[5 * n + i] = (byte)(x & y);
        r[6 * n + i] = (byte)(x | y);
        r[7 * n + i] = (byte)(x ^ y);
        r[8 * n + i] = (byte)(~x);
        r[9 * n + i] = (byte)(0 - x);
        r[10 * n + i] = (byte)(x << ((int)y & 7));
        r[11 * n + i] = (byte)(x >> ((int)y & 7));
        r[12 * n + i] = (byte)(x >>> ((int)y & 7));
        r[13 * n + i] = IntrinsicMath.Min(x, y);
        r[14 * n + i] = IntrinsicMath.Max(x, y);
        r[15 * n + i] = IntrinsicMath.Clamp(x, (byte)3, (byte)100);
        r[16 * n + i] = x < y ? x : y <= d ? y : x > d ? d : (byte)(x + 1);
        r[17 * n + i] = (byte)(x / 8 + x % 16 + (x == y ? 1 : 0) + (x != d ? 2 : 0) + (x >= y ? 4 : 0));
    }

    public static void Short(Index1D i, ArrayView<short> a, ArrayView<short> b, ArrayView<short> r)
    {
        int n = a.IntLength;
        short x = a[i], y = b[i], d = y == 0 || y == -1 ? (short)1 : y;
        r[i] = (short)(x + y);
        r[n + i] = (short)(x - y);
        r[2 * n + i] = (short)(x * y);
        r[3 * n + i] = (short)(x / d);
        r[4 * n + i] = (short)(x % d);
        r[5 * n + i] = (short)(x & y);
        r[6 * n + i] = (short)(x | y);
        r[7 * n + i] = (short)(x ^ y);
        r[8 * n + i] = (short)(~x);
        r[9 * n + i] = (short)(-x);
        r[10 * n + i] = (short)(x << ((int)y & 7));
        r[11 * n + i] = (short)(x >> ((int)y & 7));
        r[12 * n + i] = (short)(x >>> ((int)y & 7));
        r[13 * n + i] = IntrinsicMath.Min(x, y);
        r[14 * n + i] = IntrinsicMath.Max(x, y);
        r[15 * n + i] = IntrinsicMath.Clamp(x, (short)3, (short)100);
        r[16 * n + i] = x < y ? x : y <= d ? y : x > d ? d : (short)(x + 1);
        r[17 * n + i] = (short)(x / 8 + x % 16 + (x == y ? 1 : 0) + (x != d ? 2 : 0) + (x >= y ? 4 : 0));
    }

    public static void Ushort(Index1D i, ArrayView<ushort> a, ArrayView<ushort> b, ArrayView<ushort> r)
    {
        int n = a.IntLength;
        ushort x = a[i], y = b[i], d = y == 0 ? (ushort)1 : y;
        r[i] = (ushort)(x + y);
        r[n + i] = (ushort)(x - y);
        r[2 * n + i] = (ushort)(x * y);
        r[3 * n + i] = (ushort)(x / d);
        r[4 * n + i] = (ushort)(x % d);
        r[5 * n + i] = (ushort)(x & y);
        r[6 * n + i] = (ushort)(x | y);
        r[7 * n + i] = (ushort)(x ^ y);
        r[8 * n + i] = (ushort)(~x);
        r[9 * n + i] = (ushort)(0 - x);
        r[10 * n + i] = (ushort)(x << ((int)y & 7));
        r[11 * n + i] = (ushort)(x >> ((int)y & 7));
        r[12 * n + i] = (ushort)(x >>> ((int)y & 7));
        r[13 * n + i] = IntrinsicMath.Min(x, y);
        r[14 * n + i] = IntrinsicMath.Max(x, y);
        r[15 * n + i] = IntrinsicMath.Clamp(x, (ushort)3, (ushort)100);
        r[16 * n + i] = x < y ? x : y <= d ? y : x > d ? d : (ushort)(x + 1);
        r[17 * n + i] = (ushort)(x / 8 + x % 16 + (x == y ? 1 : 0) + (x != d ? 2 : 0) + (x >= y ? 4 : 0));
    }

    public static void Int(Index1D i, ArrayView<int> a, ArrayView<int> b, ArrayView<int> r)
    {
        int n = a.IntLength;
        int x = a[i], y = b[i], d = y == 0 || y == -1 ? (int)1 : y;
        r[i] = x + y;
        r[n + i] = x - y;
        r[2 * n + i] = x * y;
        r[3 * n + i] = x / d;
        r[4 * n + i] = x % d;
        r[5 * n + i] = x & y;
        r[6 * n + i] = x | y;
        r[7 * n + i] = x ^ y;
        r[8 * n + i] = ~x;
        r[9 * n + i] = -x;
        r[10 * n + i] = x << ((int)y & 7);
        r[11 * n + i] = x >> ((int)y & 7);
        r[12 * n + i] = x >>> ((int)y & 7);
        r[13 * n + i] = IntrinsicMath.Min(x, y);
        r[14 * n + i] = IntrinsicMath.Max(x, y);
        r[15 * n + i] = IntrinsicMath.Clamp(x, (int)3, (int)100);
        r[16 * n + i] = x < y ? x : y <= d ? y : x > d ? d : x + 1;
        r[17 * n + i] = x / 8 + x % 16 + (x == y ? 1 : 0) + (x != d ? 2 : 0) + (x >= y ? 4 : 0);
    }

    public static void Uint(Index1D i, ArrayView<uint> a, ArrayView<uint> b, ArrayView<uint> r)
    {
        int n = a.IntLength;
        uint x = a[i], y = b[i], d = y == 0 ? (uint)1 : y;
        r[i] = x + y;
        r[n + i] = x - y;
        r[2 * n + i] = x * y;
        r[3 * n + i] = x / d;
        r[4 * n + i] = x % d;
        r[5 * n + i] = x & y;
        r[6 * n + i] = x | y;
        r[7 * n + i] = x ^ y;
        r[8 * n + i] = ~x;
        r[9 * n + i] = 0 - x;
        r[10 * n + i] = x << ((int)y & 7);
        r[11 * n + i] = x >> ((int)y & 7);
        r[12 * n + i] = x >>> ((int)y & 7);
        r[13 * n + i] = IntrinsicMath.Min(x, y);
        r[14 * n + i] = IntrinsicMath.Max(x, y);
        r[15 * n + i] = IntrinsicMath.Clamp(x, (uint)3, (uint)100);
        r[16 * n + i] = x < y ? x : y <= d ? y : x > d ? d : x + 1;
        r[17 * n + i] = x / 8 + x % 16 + (x == y ? 1u : 0u) + (x != d ? 2u : 0u) + (x >= y ? 4u : 0u);
    }

    public static void Long(Index1D i, ArrayView<long> a, ArrayView<long> b, ArrayView<long> r)
    {
        int n = a.IntLength;
        long x = a[i], y = b[i], d = y == 0 || y == -1 ? (long)1 : y;
        r[i] = x + y;
        r[n + i] = x - y;
        r[2 * n + i] = x * y;
        r[3 * n + i] = x / d;
        r[4 * n + i] = x % d;
        r[5 * n + i] = x & y;
        r[6 * n + i] = x | y;
        r[7 * n + i] = x ^ y;
        r[8 * n + i] = ~x;
        r[9 * n + i] = -x;
        r[10 * n + i] = x << ((int)y & 7);
        r[11 * n + i] = x >> ((int)y & 7);
        r[12 * n + i] = x >>> ((int)y & 7);
        r[13 * n + i] = IntrinsicMath.Min(x, y);
        r[14 * n + i] = IntrinsicMath.Max(x, y);
        r[15 * n + i] = IntrinsicMath.Clamp(x, (long)3, (long)100);
        r[16 * n + i] = x < y ? x : y <= d ? y : x > d ? d : x + 1;
        r[17 * n + i] = x / 8 + x % 16 + (x == y ? 1 : 0) + (x != d ? 2 : 0) + (x >= y ? 4 : 0);
    }

    public static void Ulong(Index1D i, ArrayView<ulong> a, ArrayView<ulong> b, ArrayView<ulong> r)
    {
        int n = a.IntLength;
        ulong x = a[i], y = b[i], d = y == 0 ? (ulong)1 : y;
        r[i] = x + y;
        r[n + i] = x - y;
        r[2 * n + i] = x * y;
        r[3 * n + i] = x / d;
        r[4 * n + i] = x % d;
        r[5 * n + i] = x & y;
        r[6 * n + i] = x | y;
        r[7 * n + i] = x ^ y;
        r[8 * n + i] = ~x;
        r[9 * n + i] = 0 - x;
        r[10 * n + i] = x << ((int)y & 7);
        r[11 * n + i] = x >> ((int)y & 7);
        r[12 * n + i] = x >>> ((int)y & 7);
        r[13 * n + i] = IntrinsicMath.Min(x, y);
        r[14 * n + i] = IntrinsicMath.Max(x, y);
        r[15 * n + i] = IntrinsicMath.Clamp(x, (ulong)3, (ulong)100);
        r[16 * n + i] = x < y ? x : y <= d ? y : x > d ? d : x + 1;
        r[17 * n + i] = x / 8 + x % 16 + (x == y ? 1u : 0u) + (x != d ? 2u : 0u) + (x >= y ? 4u : 0u);
    }
}
