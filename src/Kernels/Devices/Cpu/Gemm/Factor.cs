using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// An operand of a GEMM where it lies in memory: element (line, step) at line·<paramref name="line"/> +
/// step·<paramref name="step"/>, where a line is a row of A or a column of B, and its steps are summed over. One of the two
/// distances is 1.
/// </summary>
internal readonly unsafe struct Factor(float* data, nint line, nint step)
{
    private const int StepsAhead = 16;

    /// <summary>Floats from a line to the next.</summary>
    public readonly nint Line = line;

    /// <summary>Floats from a step to the next.</summary>
    public readonly nint Step = step;

    /// <summary>Lines stand in memory one behind the other (A as it stands, B transposed).</summary>
    public static Factor OfLines(float* data, int length) => new(data, length, 1);

    /// <summary>Steps stand in memory one behind the other (A transposed, B as it stands).</summary>
    public static Factor OfSteps(float* data, int lines) => new(data, 1, lines);

    /// <summary>Whether the numbers of a step are neighbours, so that they can be read as a vector.</summary>
    public bool IsAdjacent => Line == 1;

    public float* At(int line, int step) => data + (line * Line) + (step * Step);

    /// <summary>
    /// Writes steps <paramref name="k"/> … k + <paramref name="kc"/> of lines <paramref name="first"/> … first +
    /// <paramref name="count"/> to <paramref name="panel"/> [kc, width]. What stands at lines from count to width is of no use.
    /// </summary>
    public void Pack(int first, int count, int width, int k, int kc, float* panel)
    {
        float* source = At(first, k);
        if (!IsAdjacent)
        {
            Transpose.Run(source, Line, panel, width, count, kc);
            return;
        }
        // In whole vectors, which may read what follows the lines and write what follows the step, as long as both are still in place.
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

    // What a last vector writes behind its step, the next step overwrites; the caller copies the last steps otherwise.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopySteps<V>(float* source, nint distance, float* panel, int width, int steps) where V : struct, IVector<V>
    {
        for (; steps > 0; steps--, source += distance, panel += width)
        {
            for (int i = 0; i < width; i += V.Lanes)
            {
                // Steps that are far apart are no run that the processor would foresee.
                if (Sse.IsSupported)
                    Sse.Prefetch0(source + (StepsAhead * distance) + i);
                V.Load(source + i).Store(panel + i);
            }
        }
    }
}
