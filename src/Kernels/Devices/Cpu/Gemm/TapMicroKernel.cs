using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// The innermost loop of a convolution: a tile of outputs in registers; at each step a column of packed weights times
/// vectors of pixels, which are read in place. A step's pixels are found by an offset that all columns share.
/// </summary>
/// <remarks>
/// Unlike <see cref="MicroKernel"/> nothing of B is packed: a 3×3 filter reads every pixel nine times from the first-level
/// cache instead of writing it nine times. 8×3 vectors take 24 of AVX-512's 32 registers, 4×3 take 12 of AVX2's 16; a step
/// of 24 multiply-adds loads 3 vectors, most of them across two cache lines, and broadcasts 8 weights: 14 loads in the
/// time of 24. Written out because the JIT keeps locals, not arrays, in registers.
/// </remarks>
internal static unsafe class TapMicroKernel
{
    /// <summary>Largest number of vectors of columns in a tile.</summary>
    public const int MostVectors = 8;

    /// <summary>The tile for many rows.</summary>
    public static readonly TapTile Wide = Simd.Is512
        ? new TapTile(8, 3, &Tile8x3<V512>)
        : new TapTile(4, 3, Simd.Is256 ? &Tile4x3<V256> : &Tile4x3<V128>);

    // For 6, 12 or 5 rows: LeNet's first filters would leave a quarter of an 8-row tile empty.
    private static readonly TapTile Six = Simd.Is512
        ? new TapTile(6, 4, &Tile6x4<V512>)
        : new TapTile(6, 2, Simd.Is256 ? &Tile6x2<V256> : &Tile6x2<V128>);

    // For depthwise convolutions.
    private static readonly TapTile Single =
        new(1, 8, Simd.Is512 ? &Tile1x8<V512> : Simd.Is256 ? &Tile1x8<V256> : &Tile1x8<V128>);

    /// <summary>The tile that computes the given number of rows in the fewest steps.</summary>
    public static TapTile For(int rows) => rows == 1 ? Single : Steps(Six, rows) < Steps(Wide, rows) ? Six : Wide;

    private static int Steps(TapTile tile, int rows) => (rows + tile.Rows - 1) / tile.Rows * tile.Rows;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x3<V>(int steps, float* a, int* offsets, float** pixels, float** results, nint begin, nint row, bool accumulate)
        where V : struct, IVector<V>
    {
        float* p0 = pixels[0], p1 = pixels[1], p2 = pixels[2];
        V c00 = V.Of(0), c01 = c00, c02 = c00;
        V c10 = c00, c11 = c00, c12 = c00;
        V c20 = c00, c21 = c00, c22 = c00;
        V c30 = c00, c31 = c00, c32 = c00;
        V c40 = c00, c41 = c00, c42 = c00;
        V c50 = c00, c51 = c00, c52 = c00;
        V c60 = c00, c61 = c00, c62 = c00;
        V c70 = c00, c71 = c00, c72 = c00;
        for (int step = 0; step < steps; step++)
        {
            nint at = offsets[step];
            V b0 = V.Load(p0 + at), b1 = V.Load(p1 + at), b2 = V.Load(p2 + at);
            V x;
            x = V.Broadcast(a + 0); c00 = V.Fma(x, b0, c00); c01 = V.Fma(x, b1, c01); c02 = V.Fma(x, b2, c02);
            x = V.Broadcast(a + 1); c10 = V.Fma(x, b0, c10); c11 = V.Fma(x, b1, c11); c12 = V.Fma(x, b2, c12);
            x = V.Broadcast(a + 2); c20 = V.Fma(x, b0, c20); c21 = V.Fma(x, b1, c21); c22 = V.Fma(x, b2, c22);
            x = V.Broadcast(a + 3); c30 = V.Fma(x, b0, c30); c31 = V.Fma(x, b1, c31); c32 = V.Fma(x, b2, c32);
            x = V.Broadcast(a + 4); c40 = V.Fma(x, b0, c40); c41 = V.Fma(x, b1, c41); c42 = V.Fma(x, b2, c42);
            x = V.Broadcast(a + 5); c50 = V.Fma(x, b0, c50); c51 = V.Fma(x, b1, c51); c52 = V.Fma(x, b2, c52);
            x = V.Broadcast(a + 6); c60 = V.Fma(x, b0, c60); c61 = V.Fma(x, b1, c61); c62 = V.Fma(x, b2, c62);
            x = V.Broadcast(a + 7); c70 = V.Fma(x, b0, c70); c71 = V.Fma(x, b1, c71); c72 = V.Fma(x, b2, c72);
            a += 8;
        }
        float* r0 = results[0] + begin, r1 = results[1] + begin, r2 = results[2] + begin;
        Store(r0 + (0 * row), c00, accumulate); Store(r1 + (0 * row), c01, accumulate); Store(r2 + (0 * row), c02, accumulate);
        Store(r0 + (1 * row), c10, accumulate); Store(r1 + (1 * row), c11, accumulate); Store(r2 + (1 * row), c12, accumulate);
        Store(r0 + (2 * row), c20, accumulate); Store(r1 + (2 * row), c21, accumulate); Store(r2 + (2 * row), c22, accumulate);
        Store(r0 + (3 * row), c30, accumulate); Store(r1 + (3 * row), c31, accumulate); Store(r2 + (3 * row), c32, accumulate);
        Store(r0 + (4 * row), c40, accumulate); Store(r1 + (4 * row), c41, accumulate); Store(r2 + (4 * row), c42, accumulate);
        Store(r0 + (5 * row), c50, accumulate); Store(r1 + (5 * row), c51, accumulate); Store(r2 + (5 * row), c52, accumulate);
        Store(r0 + (6 * row), c60, accumulate); Store(r1 + (6 * row), c61, accumulate); Store(r2 + (6 * row), c62, accumulate);
        Store(r0 + (7 * row), c70, accumulate); Store(r1 + (7 * row), c71, accumulate); Store(r2 + (7 * row), c72, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x4<V>(int steps, float* a, int* offsets, float** pixels, float** results, nint begin, nint row, bool accumulate)
        where V : struct, IVector<V>
    {
        float* p0 = pixels[0], p1 = pixels[1], p2 = pixels[2], p3 = pixels[3];
        V c00 = V.Of(0), c01 = c00, c02 = c00, c03 = c00;
        V c10 = c00, c11 = c00, c12 = c00, c13 = c00;
        V c20 = c00, c21 = c00, c22 = c00, c23 = c00;
        V c30 = c00, c31 = c00, c32 = c00, c33 = c00;
        V c40 = c00, c41 = c00, c42 = c00, c43 = c00;
        V c50 = c00, c51 = c00, c52 = c00, c53 = c00;
        for (int step = 0; step < steps; step++)
        {
            nint at = offsets[step];
            V b0 = V.Load(p0 + at), b1 = V.Load(p1 + at), b2 = V.Load(p2 + at), b3 = V.Load(p3 + at);
            V x;
            x = V.Broadcast(a + 0); c00 = V.Fma(x, b0, c00); c01 = V.Fma(x, b1, c01); c02 = V.Fma(x, b2, c02); c03 = V.Fma(x, b3, c03);
            x = V.Broadcast(a + 1); c10 = V.Fma(x, b0, c10); c11 = V.Fma(x, b1, c11); c12 = V.Fma(x, b2, c12); c13 = V.Fma(x, b3, c13);
            x = V.Broadcast(a + 2); c20 = V.Fma(x, b0, c20); c21 = V.Fma(x, b1, c21); c22 = V.Fma(x, b2, c22); c23 = V.Fma(x, b3, c23);
            x = V.Broadcast(a + 3); c30 = V.Fma(x, b0, c30); c31 = V.Fma(x, b1, c31); c32 = V.Fma(x, b2, c32); c33 = V.Fma(x, b3, c33);
            x = V.Broadcast(a + 4); c40 = V.Fma(x, b0, c40); c41 = V.Fma(x, b1, c41); c42 = V.Fma(x, b2, c42); c43 = V.Fma(x, b3, c43);
            x = V.Broadcast(a + 5); c50 = V.Fma(x, b0, c50); c51 = V.Fma(x, b1, c51); c52 = V.Fma(x, b2, c52); c53 = V.Fma(x, b3, c53);
            a += 6;
        }
        float* r0 = results[0] + begin, r1 = results[1] + begin, r2 = results[2] + begin, r3 = results[3] + begin;
        Store(r0 + (0 * row), c00, accumulate); Store(r1 + (0 * row), c01, accumulate); Store(r2 + (0 * row), c02, accumulate); Store(r3 + (0 * row), c03, accumulate);
        Store(r0 + (1 * row), c10, accumulate); Store(r1 + (1 * row), c11, accumulate); Store(r2 + (1 * row), c12, accumulate); Store(r3 + (1 * row), c13, accumulate);
        Store(r0 + (2 * row), c20, accumulate); Store(r1 + (2 * row), c21, accumulate); Store(r2 + (2 * row), c22, accumulate); Store(r3 + (2 * row), c23, accumulate);
        Store(r0 + (3 * row), c30, accumulate); Store(r1 + (3 * row), c31, accumulate); Store(r2 + (3 * row), c32, accumulate); Store(r3 + (3 * row), c33, accumulate);
        Store(r0 + (4 * row), c40, accumulate); Store(r1 + (4 * row), c41, accumulate); Store(r2 + (4 * row), c42, accumulate); Store(r3 + (4 * row), c43, accumulate);
        Store(r0 + (5 * row), c50, accumulate); Store(r1 + (5 * row), c51, accumulate); Store(r2 + (5 * row), c52, accumulate); Store(r3 + (5 * row), c53, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x3<V>(int steps, float* a, int* offsets, float** pixels, float** results, nint begin, nint row, bool accumulate)
        where V : struct, IVector<V>
    {
        float* p0 = pixels[0], p1 = pixels[1], p2 = pixels[2];
        V c00 = V.Of(0), c01 = c00, c02 = c00;
        V c10 = c00, c11 = c00, c12 = c00;
        V c20 = c00, c21 = c00, c22 = c00;
        V c30 = c00, c31 = c00, c32 = c00;
        for (int step = 0; step < steps; step++)
        {
            nint at = offsets[step];
            V b0 = V.Load(p0 + at), b1 = V.Load(p1 + at), b2 = V.Load(p2 + at);
            V x;
            x = V.Broadcast(a + 0); c00 = V.Fma(x, b0, c00); c01 = V.Fma(x, b1, c01); c02 = V.Fma(x, b2, c02);
            x = V.Broadcast(a + 1); c10 = V.Fma(x, b0, c10); c11 = V.Fma(x, b1, c11); c12 = V.Fma(x, b2, c12);
            x = V.Broadcast(a + 2); c20 = V.Fma(x, b0, c20); c21 = V.Fma(x, b1, c21); c22 = V.Fma(x, b2, c22);
            x = V.Broadcast(a + 3); c30 = V.Fma(x, b0, c30); c31 = V.Fma(x, b1, c31); c32 = V.Fma(x, b2, c32);
            a += 4;
        }
        float* r0 = results[0] + begin, r1 = results[1] + begin, r2 = results[2] + begin;
        Store(r0 + (0 * row), c00, accumulate); Store(r1 + (0 * row), c01, accumulate); Store(r2 + (0 * row), c02, accumulate);
        Store(r0 + (1 * row), c10, accumulate); Store(r1 + (1 * row), c11, accumulate); Store(r2 + (1 * row), c12, accumulate);
        Store(r0 + (2 * row), c20, accumulate); Store(r1 + (2 * row), c21, accumulate); Store(r2 + (2 * row), c22, accumulate);
        Store(r0 + (3 * row), c30, accumulate); Store(r1 + (3 * row), c31, accumulate); Store(r2 + (3 * row), c32, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x2<V>(int steps, float* a, int* offsets, float** pixels, float** results, nint begin, nint row, bool accumulate)
        where V : struct, IVector<V>
    {
        float* p0 = pixels[0], p1 = pixels[1];
        V c00 = V.Of(0), c01 = c00;
        V c10 = c00, c11 = c00;
        V c20 = c00, c21 = c00;
        V c30 = c00, c31 = c00;
        V c40 = c00, c41 = c00;
        V c50 = c00, c51 = c00;
        for (int step = 0; step < steps; step++)
        {
            nint at = offsets[step];
            V b0 = V.Load(p0 + at), b1 = V.Load(p1 + at);
            V x;
            x = V.Broadcast(a + 0); c00 = V.Fma(x, b0, c00); c01 = V.Fma(x, b1, c01);
            x = V.Broadcast(a + 1); c10 = V.Fma(x, b0, c10); c11 = V.Fma(x, b1, c11);
            x = V.Broadcast(a + 2); c20 = V.Fma(x, b0, c20); c21 = V.Fma(x, b1, c21);
            x = V.Broadcast(a + 3); c30 = V.Fma(x, b0, c30); c31 = V.Fma(x, b1, c31);
            x = V.Broadcast(a + 4); c40 = V.Fma(x, b0, c40); c41 = V.Fma(x, b1, c41);
            x = V.Broadcast(a + 5); c50 = V.Fma(x, b0, c50); c51 = V.Fma(x, b1, c51);
            a += 6;
        }
        float* r0 = results[0] + begin, r1 = results[1] + begin;
        Store(r0 + (0 * row), c00, accumulate); Store(r1 + (0 * row), c01, accumulate);
        Store(r0 + (1 * row), c10, accumulate); Store(r1 + (1 * row), c11, accumulate);
        Store(r0 + (2 * row), c20, accumulate); Store(r1 + (2 * row), c21, accumulate);
        Store(r0 + (3 * row), c30, accumulate); Store(r1 + (3 * row), c31, accumulate);
        Store(r0 + (4 * row), c40, accumulate); Store(r1 + (4 * row), c41, accumulate);
        Store(r0 + (5 * row), c50, accumulate); Store(r1 + (5 * row), c51, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1x8<V>(int steps, float* a, int* offsets, float** pixels, float** results, nint begin, nint row, bool accumulate)
        where V : struct, IVector<V>
    {
        float* p0 = pixels[0], p1 = pixels[1], p2 = pixels[2], p3 = pixels[3], p4 = pixels[4], p5 = pixels[5], p6 = pixels[6], p7 = pixels[7];
        V c0 = V.Of(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
        for (int step = 0; step < steps; step++)
        {
            nint at = offsets[step];
            V x = V.Broadcast(a + step);
            c0 = V.Fma(x, V.Load(p0 + at), c0);
            c1 = V.Fma(x, V.Load(p1 + at), c1);
            c2 = V.Fma(x, V.Load(p2 + at), c2);
            c3 = V.Fma(x, V.Load(p3 + at), c3);
            c4 = V.Fma(x, V.Load(p4 + at), c4);
            c5 = V.Fma(x, V.Load(p5 + at), c5);
            c6 = V.Fma(x, V.Load(p6 + at), c6);
            c7 = V.Fma(x, V.Load(p7 + at), c7);
        }
        float* r0 = results[0] + begin, r1 = results[1] + begin, r2 = results[2] + begin, r3 = results[3] + begin, r4 = results[4] + begin, r5 = results[5] + begin, r6 = results[6] + begin, r7 = results[7] + begin;
        Store(r0, c0, accumulate);
        Store(r1, c1, accumulate);
        Store(r2, c2, accumulate);
        Store(r3, c3, accumulate);
        Store(r4, c4, accumulate);
        Store(r5, c5, accumulate);
        Store(r6, c6, accumulate);
        Store(r7, c7, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<V>(float* c, V value, bool accumulate) where V : struct, IVector<V> =>
        (accumulate ? V.Load(c) + value : value).Store(c);
}

/// <summary>A tile of a convolution: its size, and the loop that computes it.</summary>
/// <param name="rows">Rows (filters).</param>
/// <param name="vectors">Vectors of columns (pixels).</param>
/// <param name="run">
/// results[vector][begin + row · stride …] (+)= Σ a[step, row] · pixels[vector][offsets[step] …]. Arguments: steps, a, offsets, pixels, results,
/// begin, row stride of the results, whether to add. <c>a</c> holds <paramref name="rows"/> floats per step.
/// </param>
internal readonly unsafe struct TapTile(int rows, int vectors, delegate*<int, float*, int*, float**, float**, nint, nint, bool, void> run)
{
    public readonly int Rows = rows;
    public readonly int Vectors = vectors;
    public readonly delegate*<int, float*, int*, float**, float**, nint, nint, bool, void> Run = run;
}
