using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>Rows to columns, in blocks of 8×8 or 4×4 that fit the registers.</summary>
internal static unsafe class Transpose
{
    /// <summary>target[j·targetStride + i] = source[i·sourceStride + j].</summary>
    public static void Run(float* source, long sourceStride, float* target, long targetStride, int rows, int columns)
    {
        int i = 0;
        for (; Avx.IsSupported && i <= rows - 8; i += 8)
        {
            int j = 0;
            for (; j <= columns - 8; j += 8)
                Block8(source + (i * sourceStride) + j, sourceStride, target + (j * targetStride) + i, targetStride);
            Rest(source, sourceStride, target, targetStride, i, i + 8, j, columns);
        }
        for (; Sse.IsSupported && i <= rows - 4; i += 4)
        {
            int j = 0;
            for (; j <= columns - 4; j += 4)
                Block4(source + (i * sourceStride) + j, sourceStride, target + (j * targetStride) + i, targetStride);
            Rest(source, sourceStride, target, targetStride, i, i + 4, j, columns);
        }
        Rest(source, sourceStride, target, targetStride, i, rows, 0, columns);
    }

    private static void Rest(float* source, long sourceStride, float* target, long targetStride, int row, int endRow, int column, int endColumn)
    {
        for (int i = row; i < endRow; i++)
        {
            for (int j = column; j < endColumn; j++)
                target[(j * targetStride) + i] = source[(i * sourceStride) + j];
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
        Vector128<float> r0 = Vector128.Load(s), r1 = Vector128.Load(s + stride), r2 = Vector128.Load(s + (2 * stride)), r3 = Vector128.Load(s + (3 * stride));
        Vector128<float> a = Sse.UnpackLow(r0, r1), b = Sse.UnpackHigh(r0, r1), c = Sse.UnpackLow(r2, r3), d = Sse.UnpackHigh(r2, r3);
        Sse.MoveLowToHigh(a, c).Store(t);
        Sse.MoveHighToLow(c, a).Store(t + targetStride);
        Sse.MoveLowToHigh(b, d).Store(t + (2 * targetStride));
        Sse.MoveHighToLow(d, b).Store(t + (3 * targetStride));
    }
}
