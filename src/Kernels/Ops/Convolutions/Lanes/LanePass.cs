using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// A pass over images in lanes: the pixel offsets of its taps, and which taps are inside the image. Taps form a grid,
/// so a range of rows and one of columns describe those of a tile.
/// </summary>
internal sealed class LanePass
{
    private readonly int[] offsets;
    private readonly (int Begin, int End)[] rows; // rows of taps, for each row of outputs
    private readonly (int Begin, int End)[] columns; // columns of taps, for each tile along a row of outputs

    public LanePass(Correlation c, CorrelationPass pass, ImageLanes images, int tileColumns)
    {
        Pass = pass;
        RowTaps = pass.Taps.Count(t => t.H == pass.Taps[0].H);
        int tapRows = pass.Taps.Count == 0 ? 0 : pass.Taps.Count / RowTaps;
        offsets = new int[pass.Taps.Count];
        for (int i = 0; i < pass.Taps.Count; i++)
            offsets[i] = checked(((pass.Taps[i].H * images.Pitch) + pass.Taps[i].W) * ImageLanes.Lanes);
        rows = [.. Enumerable.Range(0, pass.Rows).Select(row =>
            Range(tapRows, r => (uint)((row * c.SourceStep.H) + pass.Taps[r * RowTaps].H) < (uint)c.Source.H))];
        columns = new (int, int)[(pass.Columns + tileColumns - 1) / tileColumns];
        for (int tile = 0; tile < columns.Length; tile++)
        {
            int begin = tile * tileColumns, end = Math.Min(begin + tileColumns, pass.Columns);
            columns[tile] = Range(RowTaps, t => Enumerable.Range(begin, end - begin).Any(column =>
                (uint)((column * c.SourceStep.W) + pass.Taps[t].W) < (uint)c.Source.W));
            Products += rows.Sum(r => r.End - r.Begin) * (double)(columns[tile].End - columns[tile].Begin) * (end - begin);
        }
    }

    public CorrelationPass Pass { get; }

    /// <summary>Taps in a row of the filter.</summary>
    public int RowTaps { get; }

    /// <summary>Multiply-adds for one filter and channel of an image.</summary>
    public double Products { get; }

    /// <summary>The taps of a tile in a row of outputs, and the index of the first.</summary>
    public TapRange TapsOf(int row, int tile, out int first)
    {
        ((int beginRow, int endRow), (int begin, int end)) = (rows[row], columns[tile]);
        first = (beginRow * RowTaps) + begin;
        return new TapRange(endRow - beginRow, end - begin);
    }

    /// <summary>Pixel offset of each tap.</summary>
    public ReadOnlySpan<int> Offsets => offsets;

    // The range for which the predicate holds; the end is exclusive.
    private static (int Begin, int End) Range(int count, Func<int, bool> holds)
    {
        int begin = 0, end = count;
        while (begin < end && !holds(begin))
            begin++;
        while (end > begin && !holds(end - 1))
            end--;
        return (begin, end);
    }
}
