using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// The innermost loop of a convolution: a tile of outputs in registers; at each step a column of packed weights times
/// vectors of pixels, which are read where they lie. Which pixels a step needs is an offset that all columns share.
/// </summary>
/// <remarks>
/// Unlike <see cref="MicroKernel"/> nothing of B is packed: a 3×3 kernel reads every pixel nine times from the first-level
/// cache instead of writing it nine times. 8×3 vectors take 24 of AVX-512's 32 registers, 4×3 take 12 of AVX2's 16; a step
/// of 24 multiplications loads 3 vectors, most of them across two cache lines, and broadcasts 8 weights: 14 loads in the
/// time of 24. Written out because the JIT keeps locals, not arrays, in registers.
/// </remarks>
internal static unsafe class TapKernel
{
    /// <summary>Rows (filters) of the tile.</summary>
    public static readonly int Rows = Simd.Is512 ? 8 : 4;

    /// <summary>Vectors of columns (pixels) of the tile.</summary>
    public const int Vectors = 3;

    /// <summary>Vectors of columns of the tile of <see cref="RunRow"/>.</summary>
    public const int RowVectors = 8;

    /// <summary>
    /// c[Rows × Vectors] (+)= Σ a[step, row] · pixels[vector][offsets[step] …]. <c>a</c> holds Rows floats a step, rows of c
    /// are <c>ldc</c> floats apart.
    /// </summary>
    public static readonly delegate*<int, float*, int*, float**, float*, nint, bool, void> Run =
        Simd.Is512 ? &Tile8<V512> : Simd.Is256 ? &Tile4<V256> : &Tile4<V128>;

    /// <summary>The same for a single row and <see cref="RowVectors"/> vectors: depthwise convolutions.</summary>
    public static readonly delegate*<int, float*, int*, float**, float*, nint, bool, void> RunRow =
        Simd.Is512 ? &Tile1<V512> : Simd.Is256 ? &Tile1<V256> : &Tile1<V128>;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8<V>(int steps, float* a, int* offsets, float** pixels, float* c, nint ldc, bool accumulate) where V : struct, IVector<V>
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
        Store3(c + (0 * ldc), c00, c01, c02, accumulate);
        Store3(c + (1 * ldc), c10, c11, c12, accumulate);
        Store3(c + (2 * ldc), c20, c21, c22, accumulate);
        Store3(c + (3 * ldc), c30, c31, c32, accumulate);
        Store3(c + (4 * ldc), c40, c41, c42, accumulate);
        Store3(c + (5 * ldc), c50, c51, c52, accumulate);
        Store3(c + (6 * ldc), c60, c61, c62, accumulate);
        Store3(c + (7 * ldc), c70, c71, c72, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4<V>(int steps, float* a, int* offsets, float** pixels, float* c, nint ldc, bool accumulate) where V : struct, IVector<V>
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
        Store3(c + (0 * ldc), c00, c01, c02, accumulate);
        Store3(c + (1 * ldc), c10, c11, c12, accumulate);
        Store3(c + (2 * ldc), c20, c21, c22, accumulate);
        Store3(c + (3 * ldc), c30, c31, c32, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1<V>(int steps, float* a, int* offsets, float** pixels, float* c, nint ldc, bool accumulate) where V : struct, IVector<V>
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
        Store3(c, c0, c1, c2, accumulate);
        Store3(c + (3 * V.Lanes), c3, c4, c5, accumulate);
        Store(c + (6 * V.Lanes), c6, accumulate);
        Store(c + (7 * V.Lanes), c7, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store3<V>(float* c, V c0, V c1, V c2, bool accumulate) where V : struct, IVector<V>
    {
        Store(c, c0, accumulate);
        Store(c + V.Lanes, c1, accumulate);
        Store(c + (2 * V.Lanes), c2, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<V>(float* c, V value, bool accumulate) where V : struct, IVector<V> =>
        (accumulate ? V.Load(c) + value : value).Store(c);
}
