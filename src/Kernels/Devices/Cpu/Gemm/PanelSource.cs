namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// An operand of a product, as panels: <c>width</c> neighbouring rows of A (or columns of B), packed so that the numbers of
/// one step k stand together.
/// </summary>
internal abstract unsafe class PanelSource(float* data, int stride)
{
    public float* Data => data;

    /// <summary>Floats from a row to the next (strided), or from a step to the next (adjacent).</summary>
    public int Stride => stride;

    /// <summary>
    /// Writes steps <paramref name="k"/> … k + <paramref name="kc"/> of rows <paramref name="first"/> … first +
    /// <paramref name="count"/> to <paramref name="panel"/> [kc, width]; rows from count to width become 0.
    /// </summary>
    public abstract void Pack(int first, int count, int width, int k, int kc, float* panel);
}

/// <summary>Element (i, k) at i + k·stride: rows of a panel are neighbours in memory (A transposed, B as it stands).</summary>
internal sealed unsafe class AdjacentSource(float* data, int stride) : PanelSource(data, stride)
{
    public override void Pack(int first, int count, int width, int k, int kc, float* panel)
    {
        float* source = Data + first + ((long)k * Stride);
        for (int step = 0; step < kc; step++, source += Stride, panel += width)
        {
            var row = new Span<float>(panel, width);
            new ReadOnlySpan<float>(source, count).CopyTo(row);
            row[count..].Clear();
        }
    }
}

/// <summary>Element (i, k) at i·stride + k: steps are neighbours in memory (A as it stands, B transposed).</summary>
internal sealed unsafe class StridedSource(float* data, int stride) : PanelSource(data, stride)
{
    public override void Pack(int first, int count, int width, int k, int kc, float* panel)
    {
        if (count < width)
            new Span<float>(panel, width * kc).Clear();
        Transpose.Run(Data + ((long)first * Stride) + k, Stride, panel, width, count, kc);
    }
}
