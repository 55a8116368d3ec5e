using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Pooling;

/// <summary>
/// Windows of 2×2 side by side, as nearly every network pools, eight at a time and read where they lie. The last eight of a
/// row overlap those before, so that nothing but the row is read or written.
/// </summary>
internal static unsafe class Pool2x2
{
    private const int Lanes = 8;

    public static bool Suits(PoolSizes z) =>
        z.Geometry.Kernel == (2, 2) && z.Geometry.Stride == (2, 2) && z.Geometry.Padding == default && z.Q >= Lanes;

    /// <summary>The largest of each window of a channel and its position.</summary>
    public static void Max(PoolSizes z, float* x, float* y, byte* places)
    {
        for (int p = 0; p < z.P; p++, x += 2 * z.W, y += z.Q, places += z.Q)
        {
            for (int next = 0; next < z.Q; next += Lanes)
            {
                int q = Math.Min(next, z.Q - Lanes);
                Pairs.Load(x + (2 * q), out V256 v0, out V256 v1);
                Pairs.Load(x + z.W + (2 * q), out V256 v2, out V256 v3);
                Vector256<float> max = v0.Value;
                Vector256<int> place = default;
                Challenge(v1.Value, 1, ref max, ref place);
                Challenge(v2.Value, 2, ref max, ref place);
                Challenge(v3.Value, 3, ref max, ref place);
                max.Store(y + q);
                Vector128<short> words = Vector128.Narrow(place.GetLower(), place.GetUpper());
                *(ulong*)(places + q) = Vector128.Narrow(words, words).AsUInt64().ToScalar();
            }
        }
    }

    /// <summary>Hands the gradient of each window of a channel to its position.</summary>
    public static void MaxGradient(PoolSizes z, float* dy, byte* places, float* dx)
    {
        ClearBeyond(z, dx);
        for (int p = 0; p < z.P; p++, dx += 2 * z.W, dy += z.Q, places += z.Q)
        {
            for (int next = 0; next < z.Q; next += Lanes)
            {
                int q = Math.Min(next, z.Q - Lanes);
                Vector128<ushort> words = Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)(places + q)).AsByte());
                Vector256<uint> place = Vector256.Create(Vector128.WidenLower(words), Vector128.WidenUpper(words));
                Vector256<float> g = Vector256.Load(dy + q);
                Copies.Zip(Where(place, 0, g), Where(place, 1, g), dx + (2 * q));
                Copies.Zip(Where(place, 2, g), Where(place, 3, g), dx + z.W + (2 * q));
            }
        }
    }

    /// <summary>The mean of each window of a channel.</summary>
    public static void Average(PoolSizes z, float* x, float* y)
    {
        for (int p = 0; p < z.P; p++, x += 2 * z.W, y += z.Q)
        {
            for (int next = 0; next < z.Q; next += Lanes)
            {
                int q = Math.Min(next, z.Q - Lanes);
                Pairs.Load(x + (2 * q), out V256 v0, out V256 v1);
                Pairs.Load(x + z.W + (2 * q), out V256 v2, out V256 v3);
                ((v0 + v1 + v2 + v3).Value * 0.25f).Store(y + q);
            }
        }
    }

    /// <summary>A quarter of the gradient of each window of a channel for each of its pixels.</summary>
    public static void AverageGradient(PoolSizes z, float* dy, float* dx)
    {
        ClearBeyond(z, dx);
        for (int p = 0; p < z.P; p++, dx += 2 * z.W, dy += z.Q)
        {
            for (int next = 0; next < z.Q; next += Lanes)
            {
                int q = Math.Min(next, z.Q - Lanes);
                Vector256<float> g = Vector256.Load(dy + q) * 0.25f;
                Copies.Zip(g, g, dx + (2 * q));
                Copies.Zip(g, g, dx + z.W + (2 * q));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Challenge(Vector256<float> v, int position, ref Vector256<float> max, ref Vector256<int> place)
    {
        place = Vector256.ConditionalSelect(Vector256.GreaterThan(v, max).AsInt32(), Vector256.Create(position), place);
        max = Vector256.Max(max, v); // NaN if either is; nothing is greater from then on
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Where(Vector256<uint> place, uint position, Vector256<float> g) =>
        Vector256.Equals(place, Vector256.Create(position)).AsSingle() & g;

    // An odd last row or column belongs to no window.
    private static void ClearBeyond(PoolSizes z, float* dx)
    {
        if (z.H % 2 + (z.W % 2) > 0)
            new Span<float>(dx, z.H * z.W).Clear();
    }
}
