using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// The innermost loop of a convolution with one image per vector lane: a tile of filters and
/// neighbouring outputs in registers. No lane is wasted, however short the image's rows are.
/// </summary>
/// <remarks>
/// A step of 24 multiply-adds loads 3 or 4 vectors, each one cache line, and broadcasts 8 or 6 weights. The tail of a
/// row uses the same code with fewer columns: the JIT removes the unused sums. Written out because the JIT keeps locals, not arrays, in registers.
/// </remarks>
internal static unsafe class LaneMicroKernel
{
    /// <summary>The tile for many filters.</summary>
    public static readonly LaneTile Wide = Simd.Is512
        ? new LaneTile(8, &Tile8x3<V512, One>, &Tile8x3<V512, Two>, &Tile8x3<V512, Three>)
        : Simd.Is256
            ? new LaneTile(4, &Tile4x3<V256, One>, &Tile4x3<V256, Two>, &Tile4x3<V256, Three>)
            : new LaneTile(4, &Tile4x3<V128, One>, &Tile4x3<V128, Two>, &Tile4x3<V128, Three>);

    // For 6, 12 or 5 filters: LeNet's first would leave a quarter of an 8-row tile empty.
    private static readonly LaneTile Six = Simd.Is512
        ? new LaneTile(6, &Tile6x4<V512, One>, &Tile6x4<V512, Two>, &Tile6x4<V512, Three>, &Tile6x4<V512, Four>)
        : Simd.Is256
            ? new LaneTile(6, &Tile6x2<V256, One>, &Tile6x2<V256, Two>)
            : new LaneTile(6, &Tile6x2<V128, One>, &Tile6x2<V128, Two>);

    /// <summary>The tile that computes the given number of filters in the fewest steps.</summary>
    public static LaneTile For(int filters) => Steps(Six, filters) < Steps(Wide, filters) ? Six : Wide;

    private static int Steps(LaneTile tile, int filters) => (filters + tile.Rows - 1) / tile.Rows * tile.Rows;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x3<V, J>(in LaneStep s, TapRange taps, float* a, int* offsets, float* pixels, float* bias, float* c)
        where V : struct, IVector<V> where J : ICount
    {
        nint step = s.PixelStep;
        V c00 = V.Broadcast(bias + 0), c01 = c00, c02 = c00;
        V c10 = V.Broadcast(bias + 1), c11 = c10, c12 = c10;
        V c20 = V.Broadcast(bias + 2), c21 = c20, c22 = c20;
        V c30 = V.Broadcast(bias + 3), c31 = c30, c32 = c30;
        V c40 = V.Broadcast(bias + 4), c41 = c40, c42 = c40;
        V c50 = V.Broadcast(bias + 5), c51 = c50, c52 = c50;
        V c60 = V.Broadcast(bias + 6), c61 = c60, c62 = c60;
        V c70 = V.Broadcast(bias + 7), c71 = c70, c72 = c70;
        for (int channel = 0; channel < s.Channels; channel++, a += s.WeightChannel, pixels += s.PixelChannel)
        {
            float* row = a;
            int* at = offsets;
            for (int r = 0; r < taps.Rows; r++, row += 8 * s.RowTaps, at += s.RowTaps)
            {
                float* w = row;
                for (int t = 0; t < taps.Columns; t++, w += 8)
                {
                    float* p = pixels + at[t];
                    V x, b0 = V.Load(p), b1 = J.Value > 1 ? V.Load(p + (1 * step)) : b0, b2 = J.Value > 2 ? V.Load(p + (2 * step)) : b0;
                    x = V.Broadcast(w + 0); c00 = V.Fma(x, b0, c00); c01 = J.Value > 1 ? V.Fma(x, b1, c01) : c00; c02 = J.Value > 2 ? V.Fma(x, b2, c02) : c00;
                    x = V.Broadcast(w + 1); c10 = V.Fma(x, b0, c10); c11 = J.Value > 1 ? V.Fma(x, b1, c11) : c00; c12 = J.Value > 2 ? V.Fma(x, b2, c12) : c00;
                    x = V.Broadcast(w + 2); c20 = V.Fma(x, b0, c20); c21 = J.Value > 1 ? V.Fma(x, b1, c21) : c00; c22 = J.Value > 2 ? V.Fma(x, b2, c22) : c00;
                    x = V.Broadcast(w + 3); c30 = V.Fma(x, b0, c30); c31 = J.Value > 1 ? V.Fma(x, b1, c31) : c00; c32 = J.Value > 2 ? V.Fma(x, b2, c32) : c00;
                    x = V.Broadcast(w + 4); c40 = V.Fma(x, b0, c40); c41 = J.Value > 1 ? V.Fma(x, b1, c41) : c00; c42 = J.Value > 2 ? V.Fma(x, b2, c42) : c00;
                    x = V.Broadcast(w + 5); c50 = V.Fma(x, b0, c50); c51 = J.Value > 1 ? V.Fma(x, b1, c51) : c00; c52 = J.Value > 2 ? V.Fma(x, b2, c52) : c00;
                    x = V.Broadcast(w + 6); c60 = V.Fma(x, b0, c60); c61 = J.Value > 1 ? V.Fma(x, b1, c61) : c00; c62 = J.Value > 2 ? V.Fma(x, b2, c62) : c00;
                    x = V.Broadcast(w + 7); c70 = V.Fma(x, b0, c70); c71 = J.Value > 1 ? V.Fma(x, b1, c71) : c00; c72 = J.Value > 2 ? V.Fma(x, b2, c72) : c00;
                }
            }
        }
        Store<V, J>(c + (0 * s.ResultRow), s.ResultStep, c00, c01, c02, c02);
        Store<V, J>(c + (1 * s.ResultRow), s.ResultStep, c10, c11, c12, c12);
        Store<V, J>(c + (2 * s.ResultRow), s.ResultStep, c20, c21, c22, c22);
        Store<V, J>(c + (3 * s.ResultRow), s.ResultStep, c30, c31, c32, c32);
        Store<V, J>(c + (4 * s.ResultRow), s.ResultStep, c40, c41, c42, c42);
        Store<V, J>(c + (5 * s.ResultRow), s.ResultStep, c50, c51, c52, c52);
        Store<V, J>(c + (6 * s.ResultRow), s.ResultStep, c60, c61, c62, c62);
        Store<V, J>(c + (7 * s.ResultRow), s.ResultStep, c70, c71, c72, c72);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x4<V, J>(in LaneStep s, TapRange taps, float* a, int* offsets, float* pixels, float* bias, float* c)
        where V : struct, IVector<V> where J : ICount
    {
        nint step = s.PixelStep;
        V c00 = V.Broadcast(bias + 0), c01 = c00, c02 = c00, c03 = c00;
        V c10 = V.Broadcast(bias + 1), c11 = c10, c12 = c10, c13 = c10;
        V c20 = V.Broadcast(bias + 2), c21 = c20, c22 = c20, c23 = c20;
        V c30 = V.Broadcast(bias + 3), c31 = c30, c32 = c30, c33 = c30;
        V c40 = V.Broadcast(bias + 4), c41 = c40, c42 = c40, c43 = c40;
        V c50 = V.Broadcast(bias + 5), c51 = c50, c52 = c50, c53 = c50;
        for (int channel = 0; channel < s.Channels; channel++, a += s.WeightChannel, pixels += s.PixelChannel)
        {
            float* row = a;
            int* at = offsets;
            for (int r = 0; r < taps.Rows; r++, row += 6 * s.RowTaps, at += s.RowTaps)
            {
                float* w = row;
                for (int t = 0; t < taps.Columns; t++, w += 6)
                {
                    float* p = pixels + at[t];
                    V x, b0 = V.Load(p), b1 = J.Value > 1 ? V.Load(p + (1 * step)) : b0, b2 = J.Value > 2 ? V.Load(p + (2 * step)) : b0, b3 = J.Value > 3 ? V.Load(p + (3 * step)) : b0;
                    x = V.Broadcast(w + 0); c00 = V.Fma(x, b0, c00); c01 = J.Value > 1 ? V.Fma(x, b1, c01) : c00; c02 = J.Value > 2 ? V.Fma(x, b2, c02) : c00; c03 = J.Value > 3 ? V.Fma(x, b3, c03) : c00;
                    x = V.Broadcast(w + 1); c10 = V.Fma(x, b0, c10); c11 = J.Value > 1 ? V.Fma(x, b1, c11) : c00; c12 = J.Value > 2 ? V.Fma(x, b2, c12) : c00; c13 = J.Value > 3 ? V.Fma(x, b3, c13) : c00;
                    x = V.Broadcast(w + 2); c20 = V.Fma(x, b0, c20); c21 = J.Value > 1 ? V.Fma(x, b1, c21) : c00; c22 = J.Value > 2 ? V.Fma(x, b2, c22) : c00; c23 = J.Value > 3 ? V.Fma(x, b3, c23) : c00;
                    x = V.Broadcast(w + 3); c30 = V.Fma(x, b0, c30); c31 = J.Value > 1 ? V.Fma(x, b1, c31) : c00; c32 = J.Value > 2 ? V.Fma(x, b2, c32) : c00; c33 = J.Value > 3 ? V.Fma(x, b3, c33) : c00;
                    x = V.Broadcast(w + 4); c40 = V.Fma(x, b0, c40); c41 = J.Value > 1 ? V.Fma(x, b1, c41) : c00; c42 = J.Value > 2 ? V.Fma(x, b2, c42) : c00; c43 = J.Value > 3 ? V.Fma(x, b3, c43) : c00;
                    x = V.Broadcast(w + 5); c50 = V.Fma(x, b0, c50); c51 = J.Value > 1 ? V.Fma(x, b1, c51) : c00; c52 = J.Value > 2 ? V.Fma(x, b2, c52) : c00; c53 = J.Value > 3 ? V.Fma(x, b3, c53) : c00;
                }
            }
        }
        Store<V, J>(c + (0 * s.ResultRow), s.ResultStep, c00, c01, c02, c03);
        Store<V, J>(c + (1 * s.ResultRow), s.ResultStep, c10, c11, c12, c13);
        Store<V, J>(c + (2 * s.ResultRow), s.ResultStep, c20, c21, c22, c23);
        Store<V, J>(c + (3 * s.ResultRow), s.ResultStep, c30, c31, c32, c33);
        Store<V, J>(c + (4 * s.ResultRow), s.ResultStep, c40, c41, c42, c43);
        Store<V, J>(c + (5 * s.ResultRow), s.ResultStep, c50, c51, c52, c53);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x3<V, J>(in LaneStep s, TapRange taps, float* a, int* offsets, float* pixels, float* bias, float* c)
        where V : struct, IVector<V> where J : ICount
    {
        nint step = s.PixelStep;
        V c00 = V.Broadcast(bias + 0), c01 = c00, c02 = c00;
        V c10 = V.Broadcast(bias + 1), c11 = c10, c12 = c10;
        V c20 = V.Broadcast(bias + 2), c21 = c20, c22 = c20;
        V c30 = V.Broadcast(bias + 3), c31 = c30, c32 = c30;
        for (int channel = 0; channel < s.Channels; channel++, a += s.WeightChannel, pixels += s.PixelChannel)
        {
            float* row = a;
            int* at = offsets;
            for (int r = 0; r < taps.Rows; r++, row += 4 * s.RowTaps, at += s.RowTaps)
            {
                float* w = row;
                for (int t = 0; t < taps.Columns; t++, w += 4)
                {
                    float* p = pixels + at[t];
                    V x, b0 = V.Load(p), b1 = J.Value > 1 ? V.Load(p + (1 * step)) : b0, b2 = J.Value > 2 ? V.Load(p + (2 * step)) : b0;
                    x = V.Broadcast(w + 0); c00 = V.Fma(x, b0, c00); c01 = J.Value > 1 ? V.Fma(x, b1, c01) : c00; c02 = J.Value > 2 ? V.Fma(x, b2, c02) : c00;
                    x = V.Broadcast(w + 1); c10 = V.Fma(x, b0, c10); c11 = J.Value > 1 ? V.Fma(x, b1, c11) : c00; c12 = J.Value > 2 ? V.Fma(x, b2, c12) : c00;
                    x = V.Broadcast(w + 2); c20 = V.Fma(x, b0, c20); c21 = J.Value > 1 ? V.Fma(x, b1, c21) : c00; c22 = J.Value > 2 ? V.Fma(x, b2, c22) : c00;
                    x = V.Broadcast(w + 3); c30 = V.Fma(x, b0, c30); c31 = J.Value > 1 ? V.Fma(x, b1, c31) : c00; c32 = J.Value > 2 ? V.Fma(x, b2, c32) : c00;
                }
            }
        }
        Store<V, J>(c + (0 * s.ResultRow), s.ResultStep, c00, c01, c02, c02);
        Store<V, J>(c + (1 * s.ResultRow), s.ResultStep, c10, c11, c12, c12);
        Store<V, J>(c + (2 * s.ResultRow), s.ResultStep, c20, c21, c22, c22);
        Store<V, J>(c + (3 * s.ResultRow), s.ResultStep, c30, c31, c32, c32);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x2<V, J>(in LaneStep s, TapRange taps, float* a, int* offsets, float* pixels, float* bias, float* c)
        where V : struct, IVector<V> where J : ICount
    {
        nint step = s.PixelStep;
        V c00 = V.Broadcast(bias + 0), c01 = c00;
        V c10 = V.Broadcast(bias + 1), c11 = c10;
        V c20 = V.Broadcast(bias + 2), c21 = c20;
        V c30 = V.Broadcast(bias + 3), c31 = c30;
        V c40 = V.Broadcast(bias + 4), c41 = c40;
        V c50 = V.Broadcast(bias + 5), c51 = c50;
        for (int channel = 0; channel < s.Channels; channel++, a += s.WeightChannel, pixels += s.PixelChannel)
        {
            float* row = a;
            int* at = offsets;
            for (int r = 0; r < taps.Rows; r++, row += 6 * s.RowTaps, at += s.RowTaps)
            {
                float* w = row;
                for (int t = 0; t < taps.Columns; t++, w += 6)
                {
                    float* p = pixels + at[t];
                    V x, b0 = V.Load(p), b1 = J.Value > 1 ? V.Load(p + (1 * step)) : b0;
                    x = V.Broadcast(w + 0); c00 = V.Fma(x, b0, c00); c01 = J.Value > 1 ? V.Fma(x, b1, c01) : c00;
                    x = V.Broadcast(w + 1); c10 = V.Fma(x, b0, c10); c11 = J.Value > 1 ? V.Fma(x, b1, c11) : c00;
                    x = V.Broadcast(w + 2); c20 = V.Fma(x, b0, c20); c21 = J.Value > 1 ? V.Fma(x, b1, c21) : c00;
                    x = V.Broadcast(w + 3); c30 = V.Fma(x, b0, c30); c31 = J.Value > 1 ? V.Fma(x, b1, c31) : c00;
                    x = V.Broadcast(w + 4); c40 = V.Fma(x, b0, c40); c41 = J.Value > 1 ? V.Fma(x, b1, c41) : c00;
                    x = V.Broadcast(w + 5); c50 = V.Fma(x, b0, c50); c51 = J.Value > 1 ? V.Fma(x, b1, c51) : c00;
                }
            }
        }
        Store<V, J>(c + (0 * s.ResultRow), s.ResultStep, c00, c01, c01, c01);
        Store<V, J>(c + (1 * s.ResultRow), s.ResultStep, c10, c11, c11, c11);
        Store<V, J>(c + (2 * s.ResultRow), s.ResultStep, c20, c21, c21, c21);
        Store<V, J>(c + (3 * s.ResultRow), s.ResultStep, c30, c31, c31, c31);
        Store<V, J>(c + (4 * s.ResultRow), s.ResultStep, c40, c41, c41, c41);
        Store<V, J>(c + (5 * s.ResultRow), s.ResultStep, c50, c51, c51, c51);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<V, J>(float* c, nint step, V c0, V c1, V c2, V c3) where V : struct, IVector<V> where J : ICount
    {
        c0.Store(c);
        if (J.Value > 1)
            c1.Store(c + step);
        if (J.Value > 2)
            c2.Store(c + (2 * step));
        if (J.Value > 3)
            c3.Store(c + (3 * step));
    }
}

/// <summary>Sizes and strides (in floats) shared by all tiles of a convolution.</summary>
/// <param name="Channels">Source channels, which are summed over.</param>
/// <param name="RowTaps">Taps in a row of the filter.</param>
/// <param name="WeightChannel">Stride of the packed weights between channels.</param>
/// <param name="PixelChannel">Stride of the pixels between channels.</param>
/// <param name="PixelStep">Stride of the pixels between consecutive outputs of a row.</param>
/// <param name="ResultRow">Stride of the results between filters.</param>
/// <param name="ResultStep">Stride of the results between consecutive outputs of a row.</param>
internal readonly record struct LaneStep(int Channels, int RowTaps, nint WeightChannel, nint PixelChannel, nint PixelStep, nint ResultRow, nint ResultStep);

/// <summary>The part of the filter that is inside the image for some output of a tile: rows of taps, and taps per row.</summary>
internal readonly record struct TapRange(int Rows, int Columns);

/// <summary>A tile of filters and outputs in a row.</summary>
internal readonly unsafe struct LaneTile
{
    private readonly delegate*<in LaneStep, TapRange, float*, int*, float*, float*, float*, void>[] loops;

    /// <param name="rows">Number of filters.</param>
    /// <param name="loops">The loop for one output, for two, and so on.</param>
    public LaneTile(int rows, params delegate*<in LaneStep, TapRange, float*, int*, float*, float*, float*, void>[] loops) => (Rows, this.loops) = (rows, loops);

    /// <summary>Number of filters.</summary>
    public int Rows { get; }

    /// <summary>Largest number of outputs.</summary>
    public int Columns => loops.Length;

    /// <summary>
    /// c[Rows × columns] = bias[row] + Σ a[tap, row] · pixels[offset[tap] + column · step] over channels and taps. Arguments: strides,
    /// range of taps, a of the first tap, offset of each tap's pixel, pixels of the first output, bias, c. <c>a</c> holds
    /// <see cref="Rows"/> floats per tap.
    /// </summary>
    public delegate*<in LaneStep, TapRange, float*, int*, float*, float*, float*, void> Run(int columns) => loops[columns - 1];
}
