using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Pooling;

/// <summary>
/// Adjacent 2×2 windows, the pooling of nearly every network, eight at a time (four in images of 8 to 15 columns), read
/// in place. The last vectors of a row overlap the previous ones, so that nothing outside the row is read or written.
/// </summary>
internal static unsafe class Pool2x2
{
    public static bool Suits(PoolSizes z) =>
        z.Geometry.Window == (2, 2) && z.Geometry.Stride == (2, 2) && z.Geometry.Padding == default && z.Q >= V128.Lanes;

    /// <summary>The maximum of each window of a channel and its position.</summary>
    public static void Max(PoolSizes z, float* x, float* y, byte* places)
    {
        if (z.Q >= V256.Lanes)
            Max<V256>(z, x, y, places);
        else
            Max<V128>(z, x, y, places);
    }

    /// <summary>Passes the gradient of each window of a channel to its position.</summary>
    public static void MaxGradient(PoolSizes z, float* dy, byte* places, float* dx)
    {
        ClearBeyond(z, dx);
        if (z.Q >= V256.Lanes)
            MaxGradient<V256>(z, dy, places, dx);
        else
            MaxGradient<V128>(z, dy, places, dx);
    }

    /// <summary>The mean of each window of a channel.</summary>
    public static void Average(PoolSizes z, float* x, float* y)
    {
        if (z.Q >= V256.Lanes)
            Average<V256>(z, x, y);
        else
            Average<V128>(z, x, y);
    }

    /// <summary>A quarter of the gradient of each window of a channel to each of its pixels.</summary>
    public static void AverageGradient(PoolSizes z, float* dy, float* dx)
    {
        ClearBeyond(z, dx);
        if (z.Q >= V256.Lanes)
            AverageGradient<V256>(z, dy, dx);
        else
            AverageGradient<V128>(z, dy, dx);
    }

    private static void Max<V>(PoolSizes z, float* x, float* y, byte* places) where V : struct, IVector<V>
    {
        for (int p = 0; p < z.P; p++, x += 2 * z.W, y += z.Q, places += z.Q)
        {
            for (int next = 0; next < z.Q; next += V.Lanes)
            {
                int q = Math.Min(next, z.Q - V.Lanes);
                Pairs.Load(x + (2 * q), out V max, out V v1);
                Pairs.Load(x + z.W + (2 * q), out V v2, out V v3);
                V place = V.Of(0);
                Challenge(v1, 1, ref max, ref place);
                Challenge(v2, 2, ref max, ref place);
                Challenge(v3, 3, ref max, ref place);
                max.Store(y + q);
                StorePlaces(place, places + q);
            }
        }
    }

    private static void MaxGradient<V>(PoolSizes z, float* dy, byte* places, float* dx) where V : struct, IVector<V>
    {
        for (int p = 0; p < z.P; p++, dx += 2 * z.W, dy += z.Q, places += z.Q)
        {
            for (int next = 0; next < z.Q; next += V.Lanes)
            {
                int q = Math.Min(next, z.Q - V.Lanes);
                V place = LoadPlaces<V>(places + q), g = V.Load(dy + q);
                Zip(Where(place, 0, g), Where(place, 1, g), dx + (2 * q));
                Zip(Where(place, 2, g), Where(place, 3, g), dx + z.W + (2 * q));
            }
        }
    }

    private static void Average<V>(PoolSizes z, float* x, float* y) where V : struct, IVector<V>
    {
        V quarter = V.Of(0.25);
        for (int p = 0; p < z.P; p++, x += 2 * z.W, y += z.Q)
        {
            for (int next = 0; next < z.Q; next += V.Lanes)
            {
                int q = Math.Min(next, z.Q - V.Lanes);
                Pairs.Load(x + (2 * q), out V v0, out V v1);
                Pairs.Load(x + z.W + (2 * q), out V v2, out V v3);
                ((v0 + v1 + v2 + v3) * quarter).Store(y + q);
            }
        }
    }

    private static void AverageGradient<V>(PoolSizes z, float* dy, float* dx) where V : struct, IVector<V>
    {
        V quarter = V.Of(0.25);
        for (int p = 0; p < z.P; p++, dx += 2 * z.W, dy += z.Q)
        {
            for (int next = 0; next < z.Q; next += V.Lanes)
            {
                int q = Math.Min(next, z.Q - V.Lanes);
                V g = V.Load(dy + q) * quarter;
                Zip(g, g, dx + (2 * q));
                Zip(g, g, dx + z.W + (2 * q));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Challenge<V>(V v, int position, ref V max, ref V place) where V : struct, IVector<V>
    {
        place = V.WhereGreater(v, max, V.Of(position), place);
        max = V.Max(max, v); // NaN if either is; nothing compares as greater after that
    }

    // A position is a float in the lanes of the values, and a byte in memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePlaces<V>(V place, byte* places) where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(V256))
        {
            Vector256<int> ints = Vector256.ConvertToInt32Native(Unsafe.BitCast<V, V256>(place).Value);
            Vector128<short> words = Vector128.Narrow(ints.GetLower(), ints.GetUpper());
            *(ulong*)places = Vector128.Narrow(words, words).AsUInt64().ToScalar();
            return;
        }
        Vector128<int> few = Vector128.ConvertToInt32Native(Unsafe.BitCast<V, V128>(place).Value);
        Vector128<short> half = Vector128.Narrow(few, few);
        *(uint*)places = Vector128.Narrow(half, half).AsUInt32().ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V LoadPlaces<V>(byte* places) where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(V256))
        {
            Vector128<ushort> words = Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)places).AsByte());
            Vector256<uint> ints = Vector256.Create(Vector128.WidenLower(words), Vector128.WidenUpper(words));
            return Unsafe.BitCast<V256, V>(new V256(Vector256.ConvertToSingle(ints.AsInt32())));
        }
        Vector128<ushort> half = Vector128.WidenLower(Vector128.CreateScalar(*(uint*)places).AsByte());
        return Unsafe.BitCast<V128, V>(new V128(Vector128.ConvertToSingle(Vector128.WidenLower(half).AsInt32())));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Where<V>(V place, float position, V g) where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(V256))
            return Unsafe.BitCast<V256, V>(new V256(
                Vector256.Equals(Unsafe.BitCast<V, V256>(place).Value, Vector256.Create(position)) & Unsafe.BitCast<V, V256>(g).Value));
        return Unsafe.BitCast<V128, V>(new V128(
            Vector128.Equals(Unsafe.BitCast<V, V128>(place).Value, Vector128.Create(position)) & Unsafe.BitCast<V, V128>(g).Value));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Zip<V>(V even, V odd, float* target) where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(V256))
            Copies.Zip(Unsafe.BitCast<V, V256>(even).Value, Unsafe.BitCast<V, V256>(odd).Value, target);
        else
            Copies.Zip(Unsafe.BitCast<V, V128>(even).Value, Unsafe.BitCast<V, V128>(odd).Value, target);
    }

    // An odd last row or column is in no window.
    private static void ClearBeyond(PoolSizes z, float* dx)
    {
        if (z.H % 2 + (z.W % 2) > 0)
            new Span<float>(dx, z.H * z.W).Clear();
    }
}
