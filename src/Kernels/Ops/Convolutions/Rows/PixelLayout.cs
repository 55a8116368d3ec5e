using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// Layout of packed pixels in which every tap is a constant offset: rows of one length, the pitch, with
/// zeros as padding. Output (i, j) is column i·pitch + j, and a tap reads at its offset plus the column.
/// </summary>
/// <remarks>
/// The zeros to the right of a row are also those to the left of the next, so a 28×28 image with 3×3 filters has a pitch
/// of 29: one column in 29 is wasted, and no im2col matrix is needed. With a source step of 2 the image is first
/// split into 2×2 planes, one per remainder of row and column, in which neighbouring outputs read neighbouring pixels again.
/// </remarks>
internal sealed unsafe class PixelLayout
{
    private readonly (int H, int W) source;
    private readonly (int H, int W) step;
    private readonly List<(int H, int W)> remainders = [];
    private readonly int firstRow;
    private readonly int firstColumn;
    private readonly int storedRows;

    /// <param name="source">Height and width of an image.</param>
    /// <param name="step">Pixels between the positions of neighbouring outputs.</param>
    /// <param name="taps">All taps that will be read.</param>
    /// <param name="rows">Rows of output in a part.</param>
    /// <param name="columns">Columns of output in a part.</param>
    /// <param name="wholeRows">Whether parts are as wide as the output, so that rows can share their padding.</param>
    public PixelLayout((int H, int W) source, (int H, int W) step, IReadOnlyCollection<Tap> taps, int rows, int columns, bool wholeRows)
    {
        (this.source, this.step) = (source, step);
        foreach (Tap tap in taps)
        {
            (int h, int w) = (Modulo(tap.H, step.H), Modulo(tap.W, step.W));
            if (!remainders.Contains((h, w)))
                remainders.Add((h, w));
        }
        firstRow = taps.Count == 0 ? 0 : taps.Min(t => FloorDivide(t.H, step.H));
        firstColumn = taps.Count == 0 ? 0 : taps.Min(t => FloorDivide(t.W, step.W));
        int lastRow = taps.Count == 0 ? 0 : taps.Max(t => FloorDivide(t.H, step.H));
        int end = columns + (taps.Count == 0 ? 0 : taps.Max(t => FloorDivide(t.W, step.W)));
        storedRows = rows + lastRow - firstRow;
        Pitch = wholeRows && firstColumn < 0
            ? Math.Max(Math.Max(columns, end), Math.Min(end, (source.W + step.W - 1) / step.W) - firstColumn)
            : Math.Max(columns, end - firstColumn);
        PlaneLength = checked(Math.Max(1, remainders.Count) * storedRows * Pitch);
    }

    /// <summary>Stride between rows of outputs, in columns.</summary>
    public int Pitch { get; }

    /// <summary>Floats per channel.</summary>
    public int PlaneLength { get; }

    /// <summary>Number of zeros that must follow the last channel, as padding of its last row.</summary>
    public int Tail => Math.Max(0, -firstColumn);

    /// <summary>Whether a packed image equals the image in memory.</summary>
    public bool IsIdentity => step == (1, 1) && (firstRow, firstColumn) == (0, 0) && storedRows == source.H && Pitch == source.W;

    /// <summary>Splits an output into equal parts of at most <paramref name="most"/> outputs, whole rows if they fit.</summary>
    public static (int Rows, int Columns) BandOf(int rows, int columns, int most)
    {
        if (columns > most)
            return (1, most);
        int bands = (rows + (most / columns) - 1) / (most / columns);
        return ((rows + bands - 1) / bands, columns);
    }

    /// <summary>Number of columns from the first output of a part to the last.</summary>
    public int ColumnsOf(int rows, int columns) => ((rows - 1) * Pitch) + columns;

    /// <summary>Pixel offset of column 0 for a tap.</summary>
    public int OffsetOf(Tap tap)
    {
        int plane = remainders.IndexOf((Modulo(tap.H, step.H), Modulo(tap.W, step.W)));
        return (((plane * storedRows) + FloorDivide(tap.H, step.H) - firstRow) * Pitch) + FloorDivide(tap.W, step.W) - firstColumn;
    }

    /// <summary>
    /// Packs a channel of an image for the part of the output that begins at (<paramref name="row"/>,
    /// <paramref name="column"/>), with <paramref name="fill"/> for the padding.
    /// </summary>
    public void Pack(float* image, int row, int column, float* target, float fill = 0)
    {
        foreach ((int remainderH, int remainderW) in remainders)
        {
            int begin = Math.Clamp(-column - firstColumn, 0, Pitch);
            int end = Math.Clamp(((source.W - remainderW + step.W - 1) / step.W) - column - firstColumn, begin, Pitch);
            int from = ((column + firstColumn + begin) * step.W) + remainderW;
            for (int i = 0; i < storedRows; i++, target += Pitch)
            {
                int h = ((row + firstRow + i) * step.H) + remainderH;
                if ((uint)h < (uint)source.H)
                    PackRow(image + ((long)h * source.W) + from, target, begin, end, fill);
                else
                    Copies.Fill(target, Pitch, fill);
            }
        }
    }

    private void PackRow(float* pixels, float* target, int begin, int end, float fill)
    {
        for (int i = 0; i < begin; i++)
            target[i] = fill;
        Copies.Gather(pixels, step.W, target + begin, end - begin);
        for (int i = end; i < Pitch; i++)
            target[i] = fill;
    }

    private static int FloorDivide(int a, int b) => (a - Modulo(a, b)) / b;

    private static int Modulo(int a, int b) => ((a % b) + b) % b;
}
