using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// The innermost loop of a weight gradient with one image per vector lane: the products of a few
/// filters' gradients with a few neighbouring pixels, summed over a part of the output. Each lane sums its own image.
/// </summary>
/// <remarks>4×6 products take 24 of AVX-512's 32 registers, 2×6 take 12 of AVX2's 16; smaller tiles are the same code, from which the JIT removes the unused products.</remarks>
internal static unsafe class LaneDotMicroKernel
{
    /// <summary>Largest number of filters in a tile.</summary>
    public static readonly int Rows = Simd.Is512 ? 4 : 2;

    /// <summary>Largest number of neighbouring taps in a tile.</summary>
    public const int Columns = 6;

    private static readonly delegate*<in LaneDot, int, float*, float*, float*, void>[][] Loops =
        Simd.Is512 ? Table<V512>() : Simd.Is256 ? Table<V256>() : Table<V128>();

    /// <summary>
    /// sums[rows × columns] += Σ dy · x over the outputs of some rows, a vector per sum. Arguments: strides, number of rows, dy of the first
    /// filter, x of the first tap, sums.
    /// </summary>
    public static delegate*<in LaneDot, int, float*, float*, float*, void> Run(int rows, int columns) => Loops[rows - 1][columns - 1];

    private static delegate*<in LaneDot, int, float*, float*, float*, void>[][] Table<V>() where V : struct, IVector<V> =>
        [OfRows<V, One>(), OfRows<V, Two>(), OfRows<V, Three>(), OfRows<V, Four>()];

    private static delegate*<in LaneDot, int, float*, float*, float*, void>[] OfRows<V, F>() where V : struct, IVector<V> where F : ICount =>
        [&Tile<V, F, One>, &Tile<V, F, Two>, &Tile<V, F, Three>, &Tile<V, F, Four>, &Tile<V, F, Five>, &Tile<V, F, Six>];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<V, F, J>(in LaneDot s, int rows, float* dy, float* x, float* sums)
        where V : struct, IVector<V> where F : ICount where J : ICount
    {
        nint filter = s.Filter, tap = s.Tap;
        V c00 = V.Of(0), c01 = c00, c02 = c00, c03 = c00, c04 = c00, c05 = c00;
        V c10 = c00, c11 = c00, c12 = c00, c13 = c00, c14 = c00, c15 = c00;
        V c20 = c00, c21 = c00, c22 = c00, c23 = c00, c24 = c00, c25 = c00;
        V c30 = c00, c31 = c00, c32 = c00, c33 = c00, c34 = c00, c35 = c00;
        for (; rows > 0; rows--, dy += s.GradientLine, x += s.PixelLine)
        {
            float* g = dy, p = x;
            for (int i = 0; i < s.Outputs; i++, g += V.Lanes, p += s.PixelStep)
            {
                V b, a0 = V.Load(g), a1 = F.Value > 1 ? V.Load(g + (1 * filter)) : a0, a2 = F.Value > 2 ? V.Load(g + (2 * filter)) : a0, a3 = F.Value > 3 ? V.Load(g + (3 * filter)) : a0;
                b = V.Load(p); c00 = V.Fma(a0, b, c00); c10 = F.Value > 1 ? V.Fma(a1, b, c10) : c00; c20 = F.Value > 2 ? V.Fma(a2, b, c20) : c00; c30 = F.Value > 3 ? V.Fma(a3, b, c30) : c00;
                if (J.Value > 1)
                {
                    b = V.Load(p + (1 * tap)); c01 = V.Fma(a0, b, c01); c11 = F.Value > 1 ? V.Fma(a1, b, c11) : c00; c21 = F.Value > 2 ? V.Fma(a2, b, c21) : c00; c31 = F.Value > 3 ? V.Fma(a3, b, c31) : c00;
                }
                if (J.Value > 2)
                {
                    b = V.Load(p + (2 * tap)); c02 = V.Fma(a0, b, c02); c12 = F.Value > 1 ? V.Fma(a1, b, c12) : c00; c22 = F.Value > 2 ? V.Fma(a2, b, c22) : c00; c32 = F.Value > 3 ? V.Fma(a3, b, c32) : c00;
                }
                if (J.Value > 3)
                {
                    b = V.Load(p + (3 * tap)); c03 = V.Fma(a0, b, c03); c13 = F.Value > 1 ? V.Fma(a1, b, c13) : c00; c23 = F.Value > 2 ? V.Fma(a2, b, c23) : c00; c33 = F.Value > 3 ? V.Fma(a3, b, c33) : c00;
                }
                if (J.Value > 4)
                {
                    b = V.Load(p + (4 * tap)); c04 = V.Fma(a0, b, c04); c14 = F.Value > 1 ? V.Fma(a1, b, c14) : c00; c24 = F.Value > 2 ? V.Fma(a2, b, c24) : c00; c34 = F.Value > 3 ? V.Fma(a3, b, c34) : c00;
                }
                if (J.Value > 5)
                {
                    b = V.Load(p + (5 * tap)); c05 = V.Fma(a0, b, c05); c15 = F.Value > 1 ? V.Fma(a1, b, c15) : c00; c25 = F.Value > 2 ? V.Fma(a2, b, c25) : c00; c35 = F.Value > 3 ? V.Fma(a3, b, c35) : c00;
                }
            }
        }
        Add<V, J>(sums + (0 * s.Sums), c00, c01, c02, c03, c04, c05);
        if (F.Value > 1)
            Add<V, J>(sums + (1 * s.Sums), c10, c11, c12, c13, c14, c15);
        if (F.Value > 2)
            Add<V, J>(sums + (2 * s.Sums), c20, c21, c22, c23, c24, c25);
        if (F.Value > 3)
            Add<V, J>(sums + (3 * s.Sums), c30, c31, c32, c33, c34, c35);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<V, J>(float* sums, V c0, V c1, V c2, V c3, V c4, V c5) where V : struct, IVector<V> where J : ICount
    {
        (V.Load(sums) + c0).Store(sums);
        if (J.Value > 1)
            (V.Load(sums + (1 * V.Lanes)) + c1).Store(sums + (1 * V.Lanes));
        if (J.Value > 2)
            (V.Load(sums + (2 * V.Lanes)) + c2).Store(sums + (2 * V.Lanes));
        if (J.Value > 3)
            (V.Load(sums + (3 * V.Lanes)) + c3).Store(sums + (3 * V.Lanes));
        if (J.Value > 4)
            (V.Load(sums + (4 * V.Lanes)) + c4).Store(sums + (4 * V.Lanes));
        if (J.Value > 5)
            (V.Load(sums + (5 * V.Lanes)) + c5).Store(sums + (5 * V.Lanes));
    }
}

/// <summary>Sizes and strides (in floats) shared by all tiles of a weight gradient.</summary>
/// <param name="Outputs">Number of outputs in a row.</param>
/// <param name="Filter">Stride of dy between filters.</param>
/// <param name="GradientLine">Stride of dy between rows.</param>
/// <param name="PixelLine">Stride of x between the pixels of consecutive rows of outputs.</param>
/// <param name="PixelStep">Stride of x between the pixels of consecutive outputs of a row.</param>
/// <param name="Tap">Stride of x between neighbouring taps.</param>
/// <param name="Sums">Stride of the sums between filters.</param>
internal readonly record struct LaneDot(int Outputs, nint Filter, nint GradientLine, nint PixelLine, nint PixelStep, nint Tap, nint Sums);
