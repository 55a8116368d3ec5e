using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// The transforms of Winograd's minimal filtering F(2×2, 3×3) (Lavin and Gray, "Fast algorithms for convolutional neural
/// networks", 2015): 2×2 outputs y of 3×3 filters g over 4×4 pixels d are Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A, 16 multiplications
/// instead of 36. Since the sum over channels may be taken inside the outer brackets, this is 16 GEMMs.
/// </summary>
/// <remarks>
/// Bᵀ = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1], G = [1 0 0; ½ ½ ½; ½ -½ ½; 0 0 1], Aᵀ = [1 1 1 0; 0 1 -1 -1]. Its error is
/// two to three times that of the plain sum, far below what F(4×4, 3×3) with its constants up to 8 would cost. The gradient with
/// respect to the weights is Gᵀ[(A dy Aᵀ) ⊙ (Bᵀ d B)]G, with the sum over all tiles inside the outer brackets.
/// </remarks>
internal static unsafe class Winograd
{
    /// <summary>Elements of a transformed tile; each position is a GEMM.</summary>
    public const int Positions = 16;

    /// <summary>
    /// G g Gᵀ of a vector of filters: element i of lane j is at g[i·lanes + j], position p is written to target[p·stride + j].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Weights<V>(float* g, float* target, long stride) where V : struct, IVector<V>
    {
        int row = 3 * V.Lanes;
        WeightsColumn<V>(g, row, out V t00, out V t10, out V t20, out V t30);
        WeightsColumn<V>(g + V.Lanes, row, out V t01, out V t11, out V t21, out V t31);
        WeightsColumn<V>(g + (2 * V.Lanes), row, out V t02, out V t12, out V t22, out V t32);
        WeightsRow(t00, t01, t02, target, stride);
        WeightsRow(t10, t11, t12, target + (4 * stride), stride);
        WeightsRow(t20, t21, t22, target + (8 * stride), stride);
        WeightsRow(t30, t31, t32, target + (12 * stride), stride);
    }

    /// <summary>
    /// Bᵀ d B of a row of tiles, in whole vectors: element (a, b) of tile j is at source[a·pitch + 2j + b], position p is
    /// written to target[p·stride + j].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Pixels<V>(float* source, int pitch, int tiles, float* target, long stride) where V : struct, IVector<V>
    {
        for (int j = 0; j < tiles; j += V.Lanes, source += 2 * V.Lanes, target += V.Lanes)
        {
            PairsRow(source, out V t00, out V t01, out V t02, out V t03);
            PairsRow(source + pitch, out V t10, out V t11, out V t12, out V t13);
            PairsRow(source + (2 * pitch), out V t20, out V t21, out V t22, out V t23);
            PairsRow(source + (3 * pitch), out V t30, out V t31, out V t32, out V t33);
            Column(t00, t10, t20, t30, target, stride);
            Column(t01, t11, t21, t31, target + stride, stride);
            Column(t02, t12, t22, t32, target + (2 * stride), stride);
            Column(t03, t13, t23, t33, target + (3 * stride), stride);
        }
    }

    /// <summary>
    /// Bᵀ d B of one tile in whole vectors of channels: element (a, b) is at source[a·row + b·pixel + channel], position p
    /// is written to target[p·stride + channel].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void PixelsOfChannels<V>(float* source, long row, long pixel, int channels, float* target, long stride) where V : struct, IVector<V>
    {
        for (int c = 0; c < channels; c += V.Lanes, source += V.Lanes, target += V.Lanes)
        {
            ChannelsRow(source, pixel, out V t00, out V t01, out V t02, out V t03);
            ChannelsRow(source + row, pixel, out V t10, out V t11, out V t12, out V t13);
            ChannelsRow(source + (2 * row), pixel, out V t20, out V t21, out V t22, out V t23);
            ChannelsRow(source + (3 * row), pixel, out V t30, out V t31, out V t32, out V t33);
            Column(t00, t10, t20, t30, target, stride);
            Column(t01, t11, t21, t31, target + stride, stride);
            Column(t02, t12, t22, t32, target + (2 * stride), stride);
            Column(t03, t13, t23, t33, target + (3 * stride), stride);
        }
    }

    /// <summary>
    /// Bᵀ d B of a row of tiles, one image per lane: pixel (a, b) of tile j is at source[a·row + (2j + b)·lanes], position
    /// p is written to target[p·stride + j·lanes].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void PixelsOfLanes<V>(float* source, long row, int tiles, float* target, long stride) where V : struct, IVector<V>
    {
        for (int j = 0; j < tiles; j++, source += 2 * V.Lanes, target += V.Lanes)
        {
            ChannelsRow(source, V.Lanes, out V t00, out V t01, out V t02, out V t03);
            ChannelsRow(source + row, V.Lanes, out V t10, out V t11, out V t12, out V t13);
            ChannelsRow(source + (2 * row), V.Lanes, out V t20, out V t21, out V t22, out V t23);
            ChannelsRow(source + (3 * row), V.Lanes, out V t30, out V t31, out V t32, out V t33);
            Column(t00, t10, t20, t30, target, stride);
            Column(t01, t11, t21, t31, target + stride, stride);
            Column(t02, t12, t22, t32, target + (2 * stride), stride);
            Column(t03, t13, t23, t33, target + (3 * stride), stride);
        }
    }

    /// <summary>
    /// A dy Aᵀ of one tile in whole vectors of channels: element (a, b) of 2×2 is at source[a·row + b·pixel + channel],
    /// position p is written to target[p·stride + channel].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void GradientsOfChannels<V>(float* source, long row, long pixel, int channels, float* target, long stride) where V : struct, IVector<V>
    {
        for (int c = 0; c < channels; c += V.Lanes, source += V.Lanes, target += V.Lanes)
        {
            V d00 = V.Load(source), d01 = V.Load(source + pixel), d10 = V.Load(source + row), d11 = V.Load(source + row + pixel);
            GradientsRow(d00, d01, target, stride);
            GradientsRow(d00 + d10, d01 + d11, target + (4 * stride), stride);
            GradientsRow(d00 - d10, d01 - d11, target + (8 * stride), stride);
            GradientsRow(-d10, -d11, target + (12 * stride), stride);
        }
    }

    /// <summary>
    /// Gᵀ u G in whole vectors of channels: position p at u[p·stride + channel] becomes element i of the filter at
    /// target[i·count + channel].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void WeightGradients<V>(float* u, long stride, int count, float* target) where V : struct, IVector<V>
    {
        for (int c = 0; c < count; c += V.Lanes, u += V.Lanes, target += V.Lanes)
        {
            KernelColumn<V>(u, 4 * stride, out V t00, out V t10, out V t20);
            KernelColumn<V>(u + stride, 4 * stride, out V t01, out V t11, out V t21);
            KernelColumn<V>(u + (2 * stride), 4 * stride, out V t02, out V t12, out V t22);
            KernelColumn<V>(u + (3 * stride), 4 * stride, out V t03, out V t13, out V t23);
            KernelRow(t00, t01, t02, t03, target, count);
            KernelRow(t10, t11, t12, t13, target + (3 * count), count);
            KernelRow(t20, t21, t22, t23, target + (6 * count), count);
        }
    }

    /// <summary>
    /// Aᵀ m A + bias of <paramref name="count"/> tiles: m[p·stride + j] becomes y[a·2 + b] at target[(2a + b)·count + j].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Outputs<V>(float* m, long stride, int count, float bias, float* target) where V : struct, IVector<V>
    {
        V b = V.Of(bias);
        for (int j = 0; j < count; j += V.Lanes, m += V.Lanes, target += V.Lanes)
        {
            Fold<V>(m, stride, 0, out V t00, out V t10);
            Fold<V>(m, stride, 1, out V t01, out V t11);
            Fold<V>(m, stride, 2, out V t02, out V t12);
            Fold<V>(m, stride, 3, out V t03, out V t13);
            (t01, t11) = (t01 + b, t11 + b); // adds the bias once to each of the four outputs
            (t00 + t01 + t02).Store(target);
            (t01 - t02 - t03).Store(target + count);
            (t10 + t11 + t12).Store(target + (2 * count));
            (t11 - t12 - t13).Store(target + (3 * count));
        }
    }

    /// <summary>
    /// Aᵀ m A + bias of a row of tiles, one image per lane: m[p·stride + j·lanes] becomes y[a, 2j + b] at
    /// target[a·row + (2j + b)·lanes].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void OutputsOfLanes<V>(float* m, long stride, int tiles, float bias, float* target, long row) where V : struct, IVector<V>
    {
        V b = V.Of(bias);
        for (int j = 0; j < tiles; j++, m += V.Lanes, target += 2 * V.Lanes)
        {
            Fold<V>(m, stride, 0, out V t00, out V t10);
            Fold<V>(m, stride, 1, out V t01, out V t11);
            Fold<V>(m, stride, 2, out V t02, out V t12);
            Fold<V>(m, stride, 3, out V t03, out V t13);
            (t01, t11) = (t01 + b, t11 + b); // adds the bias once to each of the four outputs
            (t00 + t01 + t02).Store(target);
            (t01 - t02 - t03).Store(target + V.Lanes);
            (t10 + t11 + t12).Store(target + row);
            (t11 - t12 - t13).Store(target + row + V.Lanes);
        }
    }

    // G times a column of g.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightsColumn<V>(float* g, int row, out V t0, out V t1, out V t2, out V t3) where V : struct, IVector<V>
    {
        V g0 = V.Load(g), g1 = V.Load(g + row), g2 = V.Load(g + (2 * row));
        V sum = V.Of(0.5) * (g0 + g2), half = V.Of(0.5) * g1;
        (t0, t1, t2, t3) = (g0, sum + half, sum - half, g2);
    }

    // A row of Gg times Gᵀ.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightsRow<V>(V t0, V t1, V t2, float* target, long stride) where V : struct, IVector<V>
    {
        V sum = V.Of(0.5) * (t0 + t2), half = V.Of(0.5) * t1;
        t0.Store(target);
        (sum + half).Store(target + stride);
        (sum - half).Store(target + (2 * stride));
        t2.Store(target + (3 * stride));
    }

    // A row of d times B, for the tiles of a row: columns 2j … 2j + 3 of pixels.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PairsRow<V>(float* source, out V t0, out V t1, out V t2, out V t3) where V : struct, IVector<V>
    {
        Pairs.Load(source, out V d0, out V d1);
        Pairs.Load(source + 2, out V d2, out V d3);
        (t0, t1, t2, t3) = (d0 - d2, d1 + d2, d2 - d1, d1 - d3);
    }

    // A row of d times B, for the channels of a tile.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ChannelsRow<V>(float* source, long pixel, out V t0, out V t1, out V t2, out V t3) where V : struct, IVector<V>
    {
        V d0 = V.Load(source), d1 = V.Load(source + pixel), d2 = V.Load(source + (2 * pixel)), d3 = V.Load(source + (3 * pixel));
        (t0, t1, t2, t3) = (d0 - d2, d1 + d2, d2 - d1, d1 - d3);
    }

    // Bᵀ times a column of dB.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Column<V>(V t0, V t1, V t2, V t3, float* target, long stride) where V : struct, IVector<V>
    {
        (t0 - t2).Store(target);
        (t1 + t2).Store(target + (4 * stride));
        (t2 - t1).Store(target + (8 * stride));
        (t1 - t3).Store(target + (12 * stride));
    }

    // Aᵀ times a column of m.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fold<V>(float* m, long stride, int b, out V t0, out V t1) where V : struct, IVector<V>
    {
        V m0 = V.Load(m + (b * stride)), m1 = V.Load(m + ((4 + b) * stride)), m2 = V.Load(m + ((8 + b) * stride)), m3 = V.Load(m + ((12 + b) * stride));
        (t0, t1) = (m0 + m1 + m2, m1 - m2 - m3);
    }

    // A row of A dy times Aᵀ.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void GradientsRow<V>(V d0, V d1, float* target, long stride) where V : struct, IVector<V>
    {
        d0.Store(target);
        (d0 + d1).Store(target + stride);
        (d0 - d1).Store(target + (2 * stride));
        (-d1).Store(target + (3 * stride));
    }

    // Gᵀ times a column of u.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void KernelColumn<V>(float* u, long stride, out V t0, out V t1, out V t2) where V : struct, IVector<V>
    {
        V u0 = V.Load(u), u1 = V.Load(u + stride), u2 = V.Load(u + (2 * stride)), u3 = V.Load(u + (3 * stride));
        V half = V.Of(0.5);
        (t0, t1, t2) = (V.Fma(half, u1 + u2, u0), half * (u1 - u2), V.Fma(half, u1 + u2, u3));
    }

    // A row of Gᵀu times G.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void KernelRow<V>(V t0, V t1, V t2, V t3, float* target, long stride) where V : struct, IVector<V>
    {
        V half = V.Of(0.5);
        V.Fma(half, t1 + t2, t0).Store(target);
        (half * (t1 - t2)).Store(target + stride);
        V.Fma(half, t1 + t2, t3).Store(target + (2 * stride));
    }
}
