using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// An operand of a GEMM by its strides: element (line, step) is at line·<paramref name="line"/> +
/// step·<paramref name="step"/>, where a line is a row of A or a column of B, and a step is an index of the sum over K. One of the two
/// strides is 1.
/// </summary>
internal readonly unsafe struct Factor(float* data, nint line, nint step)
{
    private const int StepsAhead = 16;

    /// <summary>Stride between lines, in floats.</summary>
    public readonly nint Line = line;

    /// <summary>Stride between steps, in floats.</summary>
    public readonly nint Step = step;

    /// <summary>Contiguous lines: A row-major, or B transposed.</summary>
    public static Factor OfLines(float* data, int length) => new(data, length, 1);

    /// <summary>Contiguous steps: A transposed, or B row-major.</summary>
    public static Factor OfSteps(float* data, int lines) => new(data, 1, lines);

    /// <summary>Whether the elements of a step are contiguous, so that they can be read as vectors.</summary>
    public bool IsAdjacent => Line == 1;

    public float* At(int line, int step) => data + (line * Line) + (step * Step);

    /// <summary>
    /// Writes steps <paramref name="k"/> … k + <paramref name="kc"/> of lines <paramref name="first"/> … first +
    /// <paramref name="count"/> to <paramref name="panel"/> [kc, width]. Lines from count to width are undefined.
    /// </summary>
    public void Pack(int first, int count, int width, int k, int kc, float* panel)
    {
        float* source = At(first, k);
        if (!IsAdjacent)
        {
            Transpose.Run(source, Line, panel, width, count, kc);
            return;
        }
        // In whole vectors, which read past the lines and write past the step, as long as that stays within both buffers.
        int spill = ((width + Simd.Lanes - 1) / Simd.Lanes * Simd.Lanes) - width;
        long behind = Math.Max((spill + width - count + Step - 1) / Step, (spill + width - 1) / width);
        int whole = (int)Math.Max(0, kc - behind);
        if (Simd.Is512)
            CopySteps<V512>(source, Step, panel, width, whole);
        else if (Simd.Is256)
            CopySteps<V256>(source, Step, panel, width, whole);
        else
            CopySteps<V128>(source, Step, panel, width, whole);
        for (int step = whole; step < kc; step++)
            Copies.Copy(source + (step * Step), panel + ((long)step * width), count);
    }

    // What a step's last vector writes past its end, the next step overwrites; the caller copies the last steps in another way.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopySteps<V>(float* source, nint distance, float* panel, int width, int steps) where V : struct, IVector<V>
    {
        for (; steps > 0; steps--, source += distance, panel += width)
        {
            for (int i = 0; i < width; i += V.Lanes)
            {
                // The hardware does not prefetch across such a stride.
                if (Sse.IsSupported)
                    Sse.Prefetch0(source + (StepsAhead * distance) + i);
                V.Load(source + i).Store(panel + i);
            }
        }
    }
}
