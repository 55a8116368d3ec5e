using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>Rows to columns, in blocks of 8×8 or 4×4 that fit the registers.</summary>
internal static unsafe class Transpose
{
    /// <summary>target[j·targetStride + i] = source[i·sourceStride + j]. The last blocks overlap those before.</summary>
    public static void Run(float* source, long sourceStride, float* target, long targetStride, int rows, int columns)
    {
        int block = Avx.IsSupported && rows >= 8 && columns >= 8 ? 8 : Sse.IsSupported && rows >= 4 && columns >= 4 ? 4 : 1;
        for (int nextRow = 0; nextRow < rows; nextRow += block)
        {
            int i = Math.Min(nextRow, rows - block);
            for (int nextColumn = 0; nextColumn < columns; nextColumn += block)
            {
                int j = Math.Min(nextColumn, columns - block);
                float* from = source + (i * sourceStride) + j, to = target + (j * targetStride) + i;
                if (block == 8)
                    Block8(from, sourceStride, to, targetStride);
                else if (block == 4)
                    Block4(from, sourceStride, to, targetStride);
                else
                    *to = *from;
            }
        }
    }

    // Rows i and i + 4 share a register from the start, so that nothing has to cross its halves later.
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
