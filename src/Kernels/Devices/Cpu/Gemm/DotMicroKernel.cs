using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// The innermost loop of a weight gradient: the dot products of a few rows of A with a few rows of B, where rows run over
/// pixels and are read in place. The sums stay in the lanes of a vector until the end.
/// </summary>
/// <remarks>
/// 4×6 rows take 24 of AVX-512's 32 registers, 2×6 take 12 of AVX2's 16. Rows consist of runs (one per image) of whole vectors;
/// past its pixels, a row of A must be 0 and a row of B finite.
/// </remarks>
internal static unsafe class DotMicroKernel
{
    /// <summary>Rows of A in a tile.</summary>
    public static readonly int Rows = Simd.Is512 ? 4 : 2;

    /// <summary>Rows of B in a tile.</summary>
    public const int Columns = 6;

    /// <summary>
    /// result[Rows × Columns] = A·Bᵀ over <c>runs</c> runs of <c>vectors</c> vectors. Arguments: runs, vectors, a, its row stride
    /// and run stride, b, the offsets of its rows, its run stride, result.
    /// </summary>
    public static readonly delegate*<int, int, float*, nint, nint, float*, int*, nint, float*, void> Run =
        Simd.Is512 ? &Tile4<V512> : Simd.Is256 ? &Tile2<V256> : &Tile2<V128>;

    /// <summary>The same for a single row of A: depthwise convolutions.</summary>
    public static readonly delegate*<int, int, float*, nint, nint, float*, int*, nint, float*, void> RunRow =
        Simd.Is512 ? &Tile1<V512> : Simd.Is256 ? &Tile1<V256> : &Tile1<V128>;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4<V>(int runs, int vectors, float* a, nint aRow, nint aRun, float* b, int* offsets, nint bRun, float* result)
        where V : struct, IVector<V>
    {
        float* a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
        float* b0 = b + offsets[0], b1 = b + offsets[1], b2 = b + offsets[2], b3 = b + offsets[3], b4 = b + offsets[4], b5 = b + offsets[5];
        V c00 = V.Of(0), c01 = c00, c02 = c00, c03 = c00, c04 = c00, c05 = c00;
        V c10 = c00, c11 = c00, c12 = c00, c13 = c00, c14 = c00, c15 = c00;
        V c20 = c00, c21 = c00, c22 = c00, c23 = c00, c24 = c00, c25 = c00;
        V c30 = c00, c31 = c00, c32 = c00, c33 = c00, c34 = c00, c35 = c00;
        for (; runs > 0; runs--)
        {
            for (nint i = 0; i < vectors * V.Lanes; i += V.Lanes)
            {
                V x0 = V.Load(a + i), x1 = V.Load(a1 + i), x2 = V.Load(a2 + i), x3 = V.Load(a3 + i);
                V y;
                y = V.Load(b0 + i); c00 = V.Fma(x0, y, c00); c10 = V.Fma(x1, y, c10); c20 = V.Fma(x2, y, c20); c30 = V.Fma(x3, y, c30);
                y = V.Load(b1 + i); c01 = V.Fma(x0, y, c01); c11 = V.Fma(x1, y, c11); c21 = V.Fma(x2, y, c21); c31 = V.Fma(x3, y, c31);
                y = V.Load(b2 + i); c02 = V.Fma(x0, y, c02); c12 = V.Fma(x1, y, c12); c22 = V.Fma(x2, y, c22); c32 = V.Fma(x3, y, c32);
                y = V.Load(b3 + i); c03 = V.Fma(x0, y, c03); c13 = V.Fma(x1, y, c13); c23 = V.Fma(x2, y, c23); c33 = V.Fma(x3, y, c33);
                y = V.Load(b4 + i); c04 = V.Fma(x0, y, c04); c14 = V.Fma(x1, y, c14); c24 = V.Fma(x2, y, c24); c34 = V.Fma(x3, y, c34);
                y = V.Load(b5 + i); c05 = V.Fma(x0, y, c05); c15 = V.Fma(x1, y, c15); c25 = V.Fma(x2, y, c25); c35 = V.Fma(x3, y, c35);
            }
            a += aRun; a1 += aRun; a2 += aRun; a3 += aRun;
            b0 += bRun; b1 += bRun; b2 += bRun; b3 += bRun; b4 += bRun; b5 += bRun;
        }
        Sum6(result, c00, c01, c02, c03, c04, c05);
        Sum6(result + 6, c10, c11, c12, c13, c14, c15);
        Sum6(result + 12, c20, c21, c22, c23, c24, c25);
        Sum6(result + 18, c30, c31, c32, c33, c34, c35);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2<V>(int runs, int vectors, float* a, nint aRow, nint aRun, float* b, int* offsets, nint bRun, float* result)
        where V : struct, IVector<V>
    {
        float* a1 = a + aRow;
        float* b0 = b + offsets[0], b1 = b + offsets[1], b2 = b + offsets[2], b3 = b + offsets[3], b4 = b + offsets[4], b5 = b + offsets[5];
        V c00 = V.Of(0), c01 = c00, c02 = c00, c03 = c00, c04 = c00, c05 = c00;
        V c10 = c00, c11 = c00, c12 = c00, c13 = c00, c14 = c00, c15 = c00;
        for (; runs > 0; runs--)
        {
            for (nint i = 0; i < vectors * V.Lanes; i += V.Lanes)
            {
                V x0 = V.Load(a + i), x1 = V.Load(a1 + i);
                V y;
                y = V.Load(b0 + i); c00 = V.Fma(x0, y, c00); c10 = V.Fma(x1, y, c10);
                y = V.Load(b1 + i); c01 = V.Fma(x0, y, c01); c11 = V.Fma(x1, y, c11);
                y = V.Load(b2 + i); c02 = V.Fma(x0, y, c02); c12 = V.Fma(x1, y, c12);
                y = V.Load(b3 + i); c03 = V.Fma(x0, y, c03); c13 = V.Fma(x1, y, c13);
                y = V.Load(b4 + i); c04 = V.Fma(x0, y, c04); c14 = V.Fma(x1, y, c14);
                y = V.Load(b5 + i); c05 = V.Fma(x0, y, c05); c15 = V.Fma(x1, y, c15);
            }
            a += aRun; a1 += aRun;
            b0 += bRun; b1 += bRun; b2 += bRun; b3 += bRun; b4 += bRun; b5 += bRun;
        }
        Sum6(result, c00, c01, c02, c03, c04, c05);
        Sum6(result + 6, c10, c11, c12, c13, c14, c15);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1<V>(int runs, int vectors, float* a, nint aRow, nint aRun, float* b, int* offsets, nint bRun, float* result)
        where V : struct, IVector<V>
    {
        float* b0 = b + offsets[0], b1 = b + offsets[1], b2 = b + offsets[2], b3 = b + offsets[3], b4 = b + offsets[4], b5 = b + offsets[5];
        V c0 = V.Of(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0;
        for (; runs > 0; runs--)
        {
            for (nint i = 0; i < vectors * V.Lanes; i += V.Lanes)
            {
                V x = V.Load(a + i);
                c0 = V.Fma(x, V.Load(b0 + i), c0);
                c1 = V.Fma(x, V.Load(b1 + i), c1);
                c2 = V.Fma(x, V.Load(b2 + i), c2);
                c3 = V.Fma(x, V.Load(b3 + i), c3);
                c4 = V.Fma(x, V.Load(b4 + i), c4);
                c5 = V.Fma(x, V.Load(b5 + i), c5);
            }
            a += aRun;
            b0 += bRun; b1 += bRun; b2 += bRun; b3 += bRun; b4 += bRun; b5 += bRun;
        }
        Sum6(result, c0, c1, c2, c3, c4, c5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sum6<V>(float* result, V c0, V c1, V c2, V c3, V c4, V c5) where V : struct, IVector<V>
    {
        result[0] = c0.Sum();
        result[1] = c1.Sum();
        result[2] = c2.Sum();
        result[3] = c3.Sum();
        result[4] = c4.Sum();
        result[5] = c5.Sum();
    }
}
