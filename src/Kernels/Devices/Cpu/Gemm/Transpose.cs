using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>Transposes matrices in blocks of 16×16, 8×8 or 4×4 that fit the registers.</summary>
internal static unsafe class Transpose
{
    /// <summary>target[j·targetStride + i] = source[i·sourceStride + j]. The last blocks overlap those before.</summary>
    public static void Run(float* source, long sourceStride, float* target, long targetStride, int rows, int columns)
    {
        int least = Math.Min(rows, columns);
        int block = Simd.Is512 && least >= 16 ? 16 : Avx.IsSupported && least >= 8 ? 8 : Sse.IsSupported && least >= 4 ? 4 : 1;
        for (int nextRow = 0; nextRow < rows; nextRow += block)
        {
            int i = Math.Min(nextRow, rows - block);
            for (int nextColumn = 0; nextColumn < columns; nextColumn += block)
            {
                int j = Math.Min(nextColumn, columns - block);
                float* from = source + (i * sourceStride) + j, to = target + (j * targetStride) + i;
                if (block == 16)
                    Block16(from, sourceStride, to, targetStride);
                else if (block == 8)
                    Block8(from, sourceStride, to, targetStride);
                else if (block == 4)
                    Block4(from, sourceStride, to, targetStride);
                else
                    *to = *from;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block16(float* s, long stride, float* t, long targetStride)
    {
        FourRows(s, stride, out Vector512<float> a0, out Vector512<float> a1, out Vector512<float> a2, out Vector512<float> a3);
        FourRows(s + (4 * stride), stride, out Vector512<float> b0, out Vector512<float> b1, out Vector512<float> b2, out Vector512<float> b3);
        FourRows(s + (8 * stride), stride, out Vector512<float> c0, out Vector512<float> c1, out Vector512<float> c2, out Vector512<float> c3);
        FourRows(s + (12 * stride), stride, out Vector512<float> d0, out Vector512<float> d1, out Vector512<float> d2, out Vector512<float> d3);
        StoreFour(a0, b0, c0, d0, t, targetStride);
        StoreFour(a1, b1, c1, d1, t + targetStride, targetStride);
        StoreFour(a2, b2, c2, d2, t + (2 * targetStride), targetStride);
        StoreFour(a3, b3, c3, d3, t + (3 * targetStride), targetStride);
    }

    // Columns 0, 4, 8, 12 of four rows, a quarter of a register each; then columns 1, 5, 9, 13, and so on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourRows(
        float* s, long stride, out Vector512<float> q0, out Vector512<float> q1, out Vector512<float> q2, out Vector512<float> q3)
    {
        Vector512<float> r0 = Vector512.Load(s), r1 = Vector512.Load(s + stride);
        Vector512<float> r2 = Vector512.Load(s + (2 * stride)), r3 = Vector512.Load(s + (3 * stride));
        Vector512<float> a = Avx512F.UnpackLow(r0, r1), b = Avx512F.UnpackHigh(r0, r1);
        Vector512<float> c = Avx512F.UnpackLow(r2, r3), d = Avx512F.UnpackHigh(r2, r3);
        q0 = Avx512F.Shuffle(a, c, 0b01_00_01_00);
        q1 = Avx512F.Shuffle(a, c, 0b11_10_11_10);
        q2 = Avx512F.Shuffle(b, d, 0b01_00_01_00);
        q3 = Avx512F.Shuffle(b, d, 0b11_10_11_10);
    }

    // Stores four columns, four apart; each register holds a quarter of each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFour(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* t, long stride)
    {
        Vector512<float> low = Avx512F.Shuffle4x128(a, b, 0b01_00_01_00), high = Avx512F.Shuffle4x128(a, b, 0b11_10_11_10);
        Vector512<float> nextLow = Avx512F.Shuffle4x128(c, d, 0b01_00_01_00), nextHigh = Avx512F.Shuffle4x128(c, d, 0b11_10_11_10);
        Avx512F.Shuffle4x128(low, nextLow, 0b10_00_10_00).Store(t);
        Avx512F.Shuffle4x128(low, nextLow, 0b11_01_11_01).Store(t + (4 * stride));
        Avx512F.Shuffle4x128(high, nextHigh, 0b10_00_10_00).Store(t + (8 * stride));
        Avx512F.Shuffle4x128(high, nextHigh, 0b11_01_11_01).Store(t + (12 * stride));
    }

    // Rows i and i + 4 share a register from the start, so that no later step has to cross its halves.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block8(float* source, long sourceStride, float* target, long targetStride)
    {
        Quarter(source, sourceStride, target, targetStride);
        Quarter(source + 4, sourceStride, target + (4 * targetStride), targetStride);
    }

    // Eight rows of four columns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter(float* s, long stride, float* t, long targetStride)
    {
        Vector256<float> r0 = Vector256.Create(Vector128.Load(s), Vector128.Load(s + (4 * stride)));
        Vector256<float> r1 = Vector256.Create(Vector128.Load(s + stride), Vector128.Load(s + (5 * stride)));
        Vector256<float> r2 = Vector256.Create(Vector128.Load(s + (2 * stride)), Vector128.Load(s + (6 * stride)));
        Vector256<float> r3 = Vector256.Create(Vector128.Load(s + (3 * stride)), Vector128.Load(s + (7 * stride)));
        Vector256<float> a = Avx.UnpackLow(r0, r1), b = Avx.UnpackHigh(r0, r1), c = Avx.UnpackLow(r2, r3), d = Avx.UnpackHigh(r2, r3);
        Avx.Shuffle(a, c, 0b01_00_01_00).Store(t);
        Avx.Shuffle(a, c, 0b11_10_11_10).Store(t + targetStride);
        Avx.Shuffle(b, d, 0b01_00_01_00).Store(t + (2 * targetStride));
        Avx.Shuffle(b, d, 0b11_10_11_10).Store(t + (3 * targetStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block4(float* s, long stride, float* t, long targetStride)
    {
        Vector128<float> r0 = Vector128.Load(s), r1 = Vector128.Load(s + stride);
        Vector128<float> r2 = Vector128.Load(s + (2 * stride)), r3 = Vector128.Load(s + (3 * stride));
        Vector128<float> a = Sse.UnpackLow(r0, r1), b = Sse.UnpackHigh(r0, r1), c = Sse.UnpackLow(r2, r3), d = Sse.UnpackHigh(r2, r3);
        Sse.MoveLowToHigh(a, c).Store(t);
        Sse.MoveHighToLow(c, a).Store(t + targetStride);
        Sse.MoveLowToHigh(b, d).Store(t + (2 * targetStride));
        Sse.MoveHighToLow(d, b).Store(t + (3 * targetStride));
    }
}
