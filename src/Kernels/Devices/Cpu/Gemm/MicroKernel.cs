using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// The innermost loop of every GEMM: a tile of C in registers, to which each step adds a column of A times a row of B. Rows of B
/// are read as vectors, elements of A one by one, so that A may have any strides.
/// </summary>
/// <remarks>
/// 12×32 floats take 24 of AVX-512's 32 registers and 6×2 vectors 12 of AVX2's 16; the rest hold two vectors of B and one
/// broadcast of A. Written out because the JIT keeps locals, not arrays, in registers; there is a pointer for every two or three rows, so
/// that the rows between are addressed by an index.
/// </remarks>
internal static unsafe class MicroKernel
{
    /// <summary>The tile for most GEMMs: as many multiply-adds per load as the registers allow.</summary>
    public static readonly GemmTile Wide = Simd.Is512
        ? new GemmTile(12, 2, &Tile12x2<V512>)
        : new GemmTile(6, 2, Simd.Is256 ? &Tile6x2<V256> : &Tile6x2<V128>);

    /// <summary>The tile for numbers of rows that are not a multiple of 12, such as a batch of 128.</summary>
    public static readonly GemmTile Low = Simd.Is512 ? new GemmTile(8, 2, &Tile8x2<V512>) : Wide;

    /// <summary>The tile for few columns, one vector wide: ten classes would leave most of a wide tile empty.</summary>
    public static readonly GemmTile Narrow =
        new(12, 1, Simd.Is512 ? &Tile12x1<V512> : Simd.Is256 ? &Tile12x1<V256> : &Tile12x1<V128>);

    /// <summary>Rows of the wide tile.</summary>
    public static int Rows => Wide.Rows;

    /// <summary>Columns of the wide tile.</summary>
    public static int Columns => Wide.Columns;

    /// <summary>The wide tile for an A whose rows are contiguous at each step: a step reads Rows floats of a and Columns floats of b.</summary>
    public static void Run(int kc, float* a, nint aStep, float* b, nint bStep, float* c, nint ldc, bool accumulate) =>
        Wide.Run(kc, a, 1, aStep, b, bStep, c, ldc, accumulate);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile12x2<V>(int kc, float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint ldc, bool accumulate)
        where V : struct, IVector<V>
    {
        Prefetch(c, ldc, 12, 2 * V.Lanes);
        nint aRow2 = 2 * aRow;
        float* a3 = a + (3 * aRow), a6 = a3 + (3 * aRow), a9 = a6 + (3 * aRow);
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
            x = V.Broadcast(a); c0l = V.Fma(x, bl, c0l); c0h = V.Fma(x, bh, c0h);
            x = V.Broadcast(a + aRow); c1l = V.Fma(x, bl, c1l); c1h = V.Fma(x, bh, c1h);
            x = V.Broadcast(a + aRow2); c2l = V.Fma(x, bl, c2l); c2h = V.Fma(x, bh, c2h);
            x = V.Broadcast(a3); c3l = V.Fma(x, bl, c3l); c3h = V.Fma(x, bh, c3h);
            x = V.Broadcast(a3 + aRow); c4l = V.Fma(x, bl, c4l); c4h = V.Fma(x, bh, c4h);
            x = V.Broadcast(a3 + aRow2); c5l = V.Fma(x, bl, c5l); c5h = V.Fma(x, bh, c5h);
            x = V.Broadcast(a6); c6l = V.Fma(x, bl, c6l); c6h = V.Fma(x, bh, c6h);
            x = V.Broadcast(a6 + aRow); c7l = V.Fma(x, bl, c7l); c7h = V.Fma(x, bh, c7h);
            x = V.Broadcast(a6 + aRow2); c8l = V.Fma(x, bl, c8l); c8h = V.Fma(x, bh, c8h);
            x = V.Broadcast(a9); c9l = V.Fma(x, bl, c9l); c9h = V.Fma(x, bh, c9h);
            x = V.Broadcast(a9 + aRow); c10l = V.Fma(x, bl, c10l); c10h = V.Fma(x, bh, c10h);
            x = V.Broadcast(a9 + aRow2); c11l = V.Fma(x, bl, c11l); c11h = V.Fma(x, bh, c11h);
            a += aStep; a3 += aStep; a6 += aStep; a9 += aStep;
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x2<V>(int kc, float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint ldc, bool accumulate)
        where V : struct, IVector<V>
    {
        Prefetch(c, ldc, 8, 2 * V.Lanes);
        float* a2 = a + (2 * aRow), a4 = a2 + (2 * aRow), a6 = a4 + (2 * aRow);
        V zero = V.Of(0);
        V c0l = zero, c0h = zero;
        V c1l = zero, c1h = zero;
        V c2l = zero, c2h = zero;
        V c3l = zero, c3h = zero;
        V c4l = zero, c4h = zero;
        V c5l = zero, c5h = zero;
        V c6l = zero, c6h = zero;
        V c7l = zero, c7h = zero;
        for (int k = 0; k < kc; k++)
        {
            V bl = V.Load(b), bh = V.Load(b + V.Lanes);
            V x;
            x = V.Broadcast(a); c0l = V.Fma(x, bl, c0l); c0h = V.Fma(x, bh, c0h);
            x = V.Broadcast(a + aRow); c1l = V.Fma(x, bl, c1l); c1h = V.Fma(x, bh, c1h);
            x = V.Broadcast(a2); c2l = V.Fma(x, bl, c2l); c2h = V.Fma(x, bh, c2h);
            x = V.Broadcast(a2 + aRow); c3l = V.Fma(x, bl, c3l); c3h = V.Fma(x, bh, c3h);
            x = V.Broadcast(a4); c4l = V.Fma(x, bl, c4l); c4h = V.Fma(x, bh, c4h);
            x = V.Broadcast(a4 + aRow); c5l = V.Fma(x, bl, c5l); c5h = V.Fma(x, bh, c5h);
            x = V.Broadcast(a6); c6l = V.Fma(x, bl, c6l); c6h = V.Fma(x, bh, c6h);
            x = V.Broadcast(a6 + aRow); c7l = V.Fma(x, bl, c7l); c7h = V.Fma(x, bh, c7h);
            a += aStep; a2 += aStep; a4 += aStep; a6 += aStep;
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
        }
        c0l.Store(c + (0 * ldc)); c0h.Store(c + (0 * ldc) + V.Lanes);
        c1l.Store(c + (1 * ldc)); c1h.Store(c + (1 * ldc) + V.Lanes);
        c2l.Store(c + (2 * ldc)); c2h.Store(c + (2 * ldc) + V.Lanes);
        c3l.Store(c + (3 * ldc)); c3h.Store(c + (3 * ldc) + V.Lanes);
        c4l.Store(c + (4 * ldc)); c4h.Store(c + (4 * ldc) + V.Lanes);
        c5l.Store(c + (5 * ldc)); c5h.Store(c + (5 * ldc) + V.Lanes);
        c6l.Store(c + (6 * ldc)); c6h.Store(c + (6 * ldc) + V.Lanes);
        c7l.Store(c + (7 * ldc)); c7h.Store(c + (7 * ldc) + V.Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x2<V>(int kc, float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint ldc, bool accumulate)
        where V : struct, IVector<V>
    {
        Prefetch(c, ldc, 6, 2 * V.Lanes);
        nint aRow2 = 2 * aRow;
        float* a3 = a + (3 * aRow);
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
            x = V.Broadcast(a); c0l = V.Fma(x, bl, c0l); c0h = V.Fma(x, bh, c0h);
            x = V.Broadcast(a + aRow); c1l = V.Fma(x, bl, c1l); c1h = V.Fma(x, bh, c1h);
            x = V.Broadcast(a + aRow2); c2l = V.Fma(x, bl, c2l); c2h = V.Fma(x, bh, c2h);
            x = V.Broadcast(a3); c3l = V.Fma(x, bl, c3l); c3h = V.Fma(x, bh, c3h);
            x = V.Broadcast(a3 + aRow); c4l = V.Fma(x, bl, c4l); c4h = V.Fma(x, bh, c4h);
            x = V.Broadcast(a3 + aRow2); c5l = V.Fma(x, bl, c5l); c5h = V.Fma(x, bh, c5h);
            a += aStep; a3 += aStep;
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile12x1<V>(int kc, float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint ldc, bool accumulate)
        where V : struct, IVector<V>
    {
        Prefetch(c, ldc, 12, V.Lanes);
        nint aRow2 = 2 * aRow;
        float* a3 = a + (3 * aRow), a6 = a3 + (3 * aRow), a9 = a6 + (3 * aRow);
        V zero = V.Of(0);
        V c0 = zero;
        V c1 = zero;
        V c2 = zero;
        V c3 = zero;
        V c4 = zero;
        V c5 = zero;
        V c6 = zero;
        V c7 = zero;
        V c8 = zero;
        V c9 = zero;
        V c10 = zero;
        V c11 = zero;
        for (int k = 0; k < kc; k++)
        {
            V bv = V.Load(b);
            V x;
            x = V.Broadcast(a); c0 = V.Fma(x, bv, c0);
            x = V.Broadcast(a + aRow); c1 = V.Fma(x, bv, c1);
            x = V.Broadcast(a + aRow2); c2 = V.Fma(x, bv, c2);
            x = V.Broadcast(a3); c3 = V.Fma(x, bv, c3);
            x = V.Broadcast(a3 + aRow); c4 = V.Fma(x, bv, c4);
            x = V.Broadcast(a3 + aRow2); c5 = V.Fma(x, bv, c5);
            x = V.Broadcast(a6); c6 = V.Fma(x, bv, c6);
            x = V.Broadcast(a6 + aRow); c7 = V.Fma(x, bv, c7);
            x = V.Broadcast(a6 + aRow2); c8 = V.Fma(x, bv, c8);
            x = V.Broadcast(a9); c9 = V.Fma(x, bv, c9);
            x = V.Broadcast(a9 + aRow); c10 = V.Fma(x, bv, c10);
            x = V.Broadcast(a9 + aRow2); c11 = V.Fma(x, bv, c11);
            a += aStep; a3 += aStep; a6 += aStep; a9 += aStep;
            b += bStep;
        }
        if (accumulate)
        {
            c0 += V.Load(c + (0 * ldc));
            c1 += V.Load(c + (1 * ldc));
            c2 += V.Load(c + (2 * ldc));
            c3 += V.Load(c + (3 * ldc));
            c4 += V.Load(c + (4 * ldc));
            c5 += V.Load(c + (5 * ldc));
            c6 += V.Load(c + (6 * ldc));
            c7 += V.Load(c + (7 * ldc));
            c8 += V.Load(c + (8 * ldc));
            c9 += V.Load(c + (9 * ldc));
            c10 += V.Load(c + (10 * ldc));
            c11 += V.Load(c + (11 * ldc));
        }
        c0.Store(c + (0 * ldc));
        c1.Store(c + (1 * ldc));
        c2.Store(c + (2 * ldc));
        c3.Store(c + (3 * ldc));
        c4.Store(c + (4 * ldc));
        c5.Store(c + (5 * ldc));
        c6.Store(c + (6 * ldc));
        c7.Store(c + (7 * ldc));
        c8.Store(c + (8 * ldc));
        c9.Store(c + (9 * ldc));
        c10.Store(c + (10 * ldc));
        c11.Store(c + (11 * ldc));
    }

    // A tile of C is often not cached: prefetched before the steps, it is there after them. Worth 3 % at 1024³, 14 % at 2048³.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* c, nint ldc, int rows, int columns)
    {
        if (!Sse.IsSupported)
            return;
        for (int row = 0; row < rows; row++, c += ldc)
        {
            for (int column = 0; column < columns; column += CacheLine.Floats)
                Sse.Prefetch0(c + column);
            Sse.Prefetch0(c + columns - 1);
        }
    }
}

/// <summary>A tile of C: its size, and the loop that computes it.</summary>
/// <param name="rows">Rows.</param>
/// <param name="vectors">Vectors of columns.</param>
/// <param name="run">
/// c (+)= a·b over kc steps. Arguments: kc, a, its row stride and step stride, b, its step stride, c, its row
/// stride, whether to add to c.
/// </param>
internal readonly unsafe struct GemmTile(
    int rows, int vectors, delegate*<int, float*, nint, nint, float*, nint, float*, nint, bool, void> run)
{
    public readonly int Rows = rows;
    public readonly int Columns = vectors * Simd.Lanes;
    public readonly delegate*<int, float*, nint, nint, float*, nint, float*, nint, bool, void> Run = run;
}
