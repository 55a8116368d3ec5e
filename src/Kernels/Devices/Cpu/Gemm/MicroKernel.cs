using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// The innermost loop of every product: a tile of C in registers, a column of A times a row of B added at each step.
/// Packed, both are read from end to end; unpacked, a step apart.
/// </summary>
/// <remarks>
/// 12×32 floats take 24 of AVX-512's 32 registers and 6×2 vectors 12 of AVX2's 16; the rest hold two vectors of B and one
/// broadcast of A. Written out because the JIT keeps locals, not arrays, in registers.
/// </remarks>
internal static unsafe class MicroKernel
{
    /// <summary>Rows of the tile.</summary>
    public static readonly int Rows = Simd.Is512 ? 12 : 6;

    /// <summary>Columns of the tile.</summary>
    public static readonly int Columns = 2 * (Simd.Bits / 32);

    /// <summary>
    /// c[Rows × Columns] (+)= a·b over <c>kc</c> steps: (kc, a, floats from step to step, b, floats from step to step, c,
    /// floats from row to row, whether to add). Each step reads Rows floats of a and Columns floats of b.
    /// </summary>
    public static readonly delegate*<int, float*, nint, float*, nint, float*, nint, bool, void> Run =
        Simd.Is512 ? &Tile12<V512> : Simd.Is256 ? &Tile6<V256> : &Tile6<V128>;

    /// <summary>12 rows of two vectors: 24 accumulators.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Tile12<V>(int kc, float* a, nint aStep, float* b, nint bStep, float* c, nint ldc, bool accumulate)
        where V : struct, IVector<V>
    {
        V zero = V.Of(0);
        V c0l = zero, c0h = zero;
        V c1l = zero, c1h = zero;
        V c2l = zero, c2h = zero;
        V c3l = zero, c3h = zero;
        V c4l = zero, c4h = zero;
        V c5l = zero, c5h = zero;
        V c6l = zero, c6h = zero;
        V c7l = zero, c7h = zero;
        V c8l = zero, c8h = zero;
        V c9l = zero, c9h = zero;
        V c10l = zero, c10h = zero;
        V c11l = zero, c11h = zero;
        for (int k = 0; k < kc; k++)
        {
            V bl = V.Load(b), bh = V.Load(b + V.Lanes);
            V x;
            x = V.Broadcast(a + 0); c0l = V.Fma(x, bl, c0l); c0h = V.Fma(x, bh, c0h);
            x = V.Broadcast(a + 1); c1l = V.Fma(x, bl, c1l); c1h = V.Fma(x, bh, c1h);
            x = V.Broadcast(a + 2); c2l = V.Fma(x, bl, c2l); c2h = V.Fma(x, bh, c2h);
            x = V.Broadcast(a + 3); c3l = V.Fma(x, bl, c3l); c3h = V.Fma(x, bh, c3h);
            x = V.Broadcast(a + 4); c4l = V.Fma(x, bl, c4l); c4h = V.Fma(x, bh, c4h);
            x = V.Broadcast(a + 5); c5l = V.Fma(x, bl, c5l); c5h = V.Fma(x, bh, c5h);
            x = V.Broadcast(a + 6); c6l = V.Fma(x, bl, c6l); c6h = V.Fma(x, bh, c6h);
            x = V.Broadcast(a + 7); c7l = V.Fma(x, bl, c7l); c7h = V.Fma(x, bh, c7h);
            x = V.Broadcast(a + 8); c8l = V.Fma(x, bl, c8l); c8h = V.Fma(x, bh, c8h);
            x = V.Broadcast(a + 9); c9l = V.Fma(x, bl, c9l); c9h = V.Fma(x, bh, c9h);
            x = V.Broadcast(a + 10); c10l = V.Fma(x, bl, c10l); c10h = V.Fma(x, bh, c10h);
            x = V.Broadcast(a + 11); c11l = V.Fma(x, bl, c11l); c11h = V.Fma(x, bh, c11h);
            a += aStep;
            b += bStep;
        }
        if (accumulate)
        {
            c0l += V.Load(c + (0 * ldc)); c0h += V.Load(c + (0 * ldc) + V.Lanes);
            c1l += V.Load(c + (1 * ldc)); c1h += V.Load(c + (1 * ldc) + V.Lanes);
            c2l += V.Load(c + (2 * ldc)); c2h += V.Load(c + (2 * ldc) + V.Lanes);
            c3l += V.Load(c + (3 * ldc)); c3h += V.Load(c + (3 * ldc) + V.Lanes);
            c4l += V.Load(c + (4 * ldc)); c4h += V.Load(c + (4 * ldc) + V.Lanes);
            c5l += V.Load(c + (5 * ldc)); c5h += V.Load(c + (5 * ldc) + V.Lanes);
            c6l += V.Load(c + (6 * ldc)); c6h += V.Load(c + (6 * ldc) + V.Lanes);
            c7l += V.Load(c + (7 * ldc)); c7h += V.Load(c + (7 * ldc) + V.Lanes);
            c8l += V.Load(c + (8 * ldc)); c8h += V.Load(c + (8 * ldc) + V.Lanes);
            c9l += V.Load(c + (9 * ldc)); c9h += V.Load(c + (9 * ldc) + V.Lanes);
            c10l += V.Load(c + (10 * ldc)); c10h += V.Load(c + (10 * ldc) + V.Lanes);
            c11l += V.Load(c + (11 * ldc)); c11h += V.Load(c + (11 * ldc) + V.Lanes);
        }
        c0l.Store(c + (0 * ldc)); c0h.Store(c + (0 * ldc) + V.Lanes);
        c1l.Store(c + (1 * ldc)); c1h.Store(c + (1 * ldc) + V.Lanes);
        c2l.Store(c + (2 * ldc)); c2h.Store(c + (2 * ldc) + V.Lanes);
        c3l.Store(c + (3 * ldc)); c3h.Store(c + (3 * ldc) + V.Lanes);
        c4l.Store(c + (4 * ldc)); c4h.Store(c + (4 * ldc) + V.Lanes);
        c5l.Store(c + (5 * ldc)); c5h.Store(c + (5 * ldc) + V.Lanes);
        c6l.Store(c + (6 * ldc)); c6h.Store(c + (6 * ldc) + V.Lanes);
        c7l.Store(c + (7 * ldc)); c7h.Store(c + (7 * ldc) + V.Lanes);
        c8l.Store(c + (8 * ldc)); c8h.Store(c + (8 * ldc) + V.Lanes);
        c9l.Store(c + (9 * ldc)); c9h.Store(c + (9 * ldc) + V.Lanes);
        c10l.Store(c + (10 * ldc)); c10h.Store(c + (10 * ldc) + V.Lanes);
        c11l.Store(c + (11 * ldc)); c11h.Store(c + (11 * ldc) + V.Lanes);
    }

    /// <summary>6 rows of two vectors: 12 accumulators.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Tile6<V>(int kc, float* a, nint aStep, float* b, nint bStep, float* c, nint ldc, bool accumulate)
        where V : struct, IVector<V>
    {
        V zero = V.Of(0);
        V c0l = zero, c0h = zero;
        V c1l = zero, c1h = zero;
        V c2l = zero, c2h = zero;
        V c3l = zero, c3h = zero;
        V c4l = zero, c4h = zero;
        V c5l = zero, c5h = zero;
        for (int k = 0; k < kc; k++)
        {
            V bl = V.Load(b), bh = V.Load(b + V.Lanes);
            V x;
            x = V.Broadcast(a + 0); c0l = V.Fma(x, bl, c0l); c0h = V.Fma(x, bh, c0h);
            x = V.Broadcast(a + 1); c1l = V.Fma(x, bl, c1l); c1h = V.Fma(x, bh, c1h);
            x = V.Broadcast(a + 2); c2l = V.Fma(x, bl, c2l); c2h = V.Fma(x, bh, c2h);
            x = V.Broadcast(a + 3); c3l = V.Fma(x, bl, c3l); c3h = V.Fma(x, bh, c3h);
            x = V.Broadcast(a + 4); c4l = V.Fma(x, bl, c4l); c4h = V.Fma(x, bh, c4h);
            x = V.Broadcast(a + 5); c5l = V.Fma(x, bl, c5l); c5h = V.Fma(x, bh, c5h);
            a += aStep;
            b += bStep;
        }
        if (accumulate)
        {
            c0l += V.Load(c + (0 * ldc)); c0h += V.Load(c + (0 * ldc) + V.Lanes);
            c1l += V.Load(c + (1 * ldc)); c1h += V.Load(c + (1 * ldc) + V.Lanes);
            c2l += V.Load(c + (2 * ldc)); c2h += V.Load(c + (2 * ldc) + V.Lanes);
            c3l += V.Load(c + (3 * ldc)); c3h += V.Load(c + (3 * ldc) + V.Lanes);
            c4l += V.Load(c + (4 * ldc)); c4h += V.Load(c + (4 * ldc) + V.Lanes);
            c5l += V.Load(c + (5 * ldc)); c5h += V.Load(c + (5 * ldc) + V.Lanes);
        }
        c0l.Store(c + (0 * ldc)); c0h.Store(c + (0 * ldc) + V.Lanes);
        c1l.Store(c + (1 * ldc)); c1h.Store(c + (1 * ldc) + V.Lanes);
        c2l.Store(c + (2 * ldc)); c2h.Store(c + (2 * ldc) + V.Lanes);
        c3l.Store(c + (3 * ldc)); c3h.Store(c + (3 * ldc) + V.Lanes);
        c4l.Store(c + (4 * ldc)); c4h.Store(c + (4 * ldc) + V.Lanes);
        c5l.Store(c + (5 * ldc)); c5h.Store(c + (5 * ldc) + V.Lanes);
    }
}
