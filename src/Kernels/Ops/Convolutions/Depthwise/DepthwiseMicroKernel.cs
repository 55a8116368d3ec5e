using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>The loops of depthwise 3×3 filters over a <see cref="DepthwisePlane"/>: nine multiply-adds per output, weights in registers.</summary>
internal static unsafe class DepthwiseMicroKernel
{
    /// <summary>y[P × Q] of one channel; <paramref name="w"/> holds its nine weights.</summary>
    public static void Multiply(DepthwisePlane plane, float* pixels, float* w, float* y)
    {
        if (plane.Lanes == V512.Lanes)
            Multiply<V512>(plane, pixels, w, y);
        else if (plane.Lanes == V256.Lanes)
            Multiply<V256>(plane, pixels, w, y);
        else
            Multiply<V128>(plane, pixels, w, y);
    }

    /// <summary>sums[9 vectors] += dy times the pixels that each weight multiplies; rows of dy are padded to whole vectors.</summary>
    public static void AddProducts(DepthwisePlane plane, float* pixels, float* dy, float* sums)
    {
        if (plane.Lanes == V512.Lanes)
            AddProducts<V512>(plane, pixels, dy, sums);
        else if (plane.Lanes == V256.Lanes)
            AddProducts<V256>(plane, pixels, dy, sums);
        else
            AddProducts<V128>(plane, pixels, dy, sums);
    }

    /// <summary>The sum of a vector's lanes.</summary>
    public static float Sum(DepthwisePlane plane, float* vector) =>
        plane.Lanes == V512.Lanes ? V512.Load(vector).Sum() : plane.Lanes == V256.Lanes ? V256.Load(vector).Sum() : V128.Load(vector).Sum();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<V>(DepthwisePlane plane, float* row, float* w, float* y) where V : struct, IVector<V>
    {
        int step = plane.Step, pitch = plane.Pitch, rows = plane.Target.P, columns = plane.Target.Q;
        V w0 = V.Broadcast(w), w1 = V.Broadcast(w + 1), w2 = V.Broadcast(w + 2), w3 = V.Broadcast(w + 3), w4 = V.Broadcast(w + 4);
        V w5 = V.Broadcast(w + 5), w6 = V.Broadcast(w + 6), w7 = V.Broadcast(w + 7), w8 = V.Broadcast(w + 8);
        float* rest = stackalloc float[V.Lanes], end = y + ((long)rows * columns);
        for (int p = 0; p < rows; p++, row += step * pitch, y += columns)
        {
            for (int q = 0; q < columns; q += V.Lanes)
            {
                float* r0 = row + (q * step), r1 = r0 + pitch, r2 = r1 + pitch;
                V sum;
                if (step == 1)
                {
                    sum = V.Fma(V.Load(r0 + 2), w2, V.Fma(V.Load(r0 + 1), w1, V.Load(r0) * w0));
                    sum = V.Fma(V.Load(r1 + 2), w5, V.Fma(V.Load(r1 + 1), w4, V.Fma(V.Load(r1), w3, sum)));
                    sum = V.Fma(V.Load(r2 + 2), w8, V.Fma(V.Load(r2 + 1), w7, V.Fma(V.Load(r2), w6, sum)));
                }
                else
                {
                    Triples(r0, out V a, out V b, out V c);
                    sum = V.Fma(c, w2, V.Fma(b, w1, a * w0));
                    Triples(r1, out a, out b, out c);
                    sum = V.Fma(c, w5, V.Fma(b, w4, V.Fma(a, w3, sum)));
                    Triples(r2, out a, out b, out c);
                    sum = V.Fma(c, w8, V.Fma(b, w7, V.Fma(a, w6, sum)));
                }
                // What a row's last vector writes past its end, the next row overwrites; past the last row is another channel.
                if (y + q + V.Lanes <= end)
                    sum.Store(y + q);
                else
                {
                    sum.Store(rest);
                    for (int i = 0; q + i < columns; i++)
                        y[q + i] = rest[i];
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddProducts<V>(DepthwisePlane plane, float* row, float* dy, float* sums) where V : struct, IVector<V>
    {
        int step = plane.Step, pitch = plane.Pitch, rows = plane.Target.P, columns = plane.Columns;
        V s0 = V.Load(sums), s1 = V.Load(sums + V.Lanes), s2 = V.Load(sums + (2 * V.Lanes)), s3 = V.Load(sums + (3 * V.Lanes));
        V s4 = V.Load(sums + (4 * V.Lanes)), s5 = V.Load(sums + (5 * V.Lanes)), s6 = V.Load(sums + (6 * V.Lanes));
        V s7 = V.Load(sums + (7 * V.Lanes)), s8 = V.Load(sums + (8 * V.Lanes));
        for (int p = 0; p < rows; p++, row += step * pitch, dy += columns)
        {
            for (int q = 0; q < columns; q += V.Lanes)
            {
                float* r0 = row + (q * step), r1 = r0 + pitch, r2 = r1 + pitch;
                V d = V.Load(dy + q);
                if (step == 1)
                {
                    s0 = V.Fma(d, V.Load(r0), s0); s1 = V.Fma(d, V.Load(r0 + 1), s1); s2 = V.Fma(d, V.Load(r0 + 2), s2);
                    s3 = V.Fma(d, V.Load(r1), s3); s4 = V.Fma(d, V.Load(r1 + 1), s4); s5 = V.Fma(d, V.Load(r1 + 2), s5);
                    s6 = V.Fma(d, V.Load(r2), s6); s7 = V.Fma(d, V.Load(r2 + 1), s7); s8 = V.Fma(d, V.Load(r2 + 2), s8);
                }
                else
                {
                    Triples(r0, out V a, out V b, out V c);
                    s0 = V.Fma(d, a, s0); s1 = V.Fma(d, b, s1); s2 = V.Fma(d, c, s2);
                    Triples(r1, out a, out b, out c);
                    s3 = V.Fma(d, a, s3); s4 = V.Fma(d, b, s4); s5 = V.Fma(d, c, s5);
                    Triples(r2, out a, out b, out c);
                    s6 = V.Fma(d, a, s6); s7 = V.Fma(d, b, s7); s8 = V.Fma(d, c, s8);
                }
            }
        }
        s0.Store(sums); s1.Store(sums + V.Lanes); s2.Store(sums + (2 * V.Lanes)); s3.Store(sums + (3 * V.Lanes));
        s4.Store(sums + (4 * V.Lanes)); s5.Store(sums + (5 * V.Lanes)); s6.Store(sums + (6 * V.Lanes));
        s7.Store(sums + (7 * V.Lanes)); s8.Store(sums + (8 * V.Lanes));
    }

    // Every second float, starting at the first (a), second (b) and third (c).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Triples<V>(float* row, out V a, out V b, out V c) where V : struct, IVector<V>
    {
        Pairs.Load(row, out a, out b);
        Pairs.Load(row + 2, out c, out _);
    }
}
