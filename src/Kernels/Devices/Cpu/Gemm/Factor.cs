namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// A factor of a product where it lies in memory: element (line, step) at line·<paramref name="line"/> +
/// step·<paramref name="step"/>, where a line is a row of A or a column of B, and its steps are summed over. One of the two
/// distances is 1.
/// </summary>
internal readonly unsafe struct Factor(float* data, nint line, nint step)
{
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
    /// <paramref name="count"/> to <paramref name="panel"/> [kc, width]; lines from count to width become 0.
    /// </summary>
    public void Pack(int first, int count, int width, int k, int kc, float* panel)
    {
        float* source = At(first, k);
        if (!IsAdjacent)
        {
            if (count < width)
                new Span<float>(panel, width * kc).Clear();
            Transpose.Run(source, Line, panel, width, count, kc);
            return;
        }
        for (int step = 0; step < kc; step++, source += Step, panel += width)
        {
            Copies.Copy(source, panel, count);
            Copies.Clear(panel + count, width - count);
        }
    }
}
