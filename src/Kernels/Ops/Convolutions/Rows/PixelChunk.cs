using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// The packed pixels of a few images (or a part of one), [channel][image]. Either each image is a run of columns in its
/// <see cref="PixelLayout"/>; or, as im2col, there is a row for each tap with the outputs of all images side by side.
/// </summary>
/// <remarks>
/// im2col writes a pixel R·S times but wastes no columns: it pays for small images, in which the rows' padding
/// and the last vector are a large share, and for many filters.
/// </remarks>
internal sealed unsafe class PixelChunk
{
    private readonly PixelLayout layout;
    private readonly int[] tapOffsets;
    private readonly int rows;
    private readonly int columns;

    /// <param name="layout">The layout of one image's part.</param>
    /// <param name="taps">All taps that will be read.</param>
    /// <param name="im2Col">Whether to pack as im2col.</param>
    /// <param name="images">Images in a whole chunk.</param>
    /// <param name="rows">Rows of output in a part.</param>
    /// <param name="columns">Columns of output in a part.</param>
    public PixelChunk(PixelLayout layout, IReadOnlyList<Tap> taps, bool im2Col, int images, int rows, int columns)
    {
        (this.layout, IsIm2Col, Images, this.rows, this.columns) = (layout, im2Col, images, rows, columns);
        tapOffsets = [.. taps.Select(layout.OffsetOf)];
        RowFloats = im2Col ? CacheLine.Odd(Rounded(images * rows * columns) + Copies.Slack) : 0;
        ChannelFloats = im2Col ? checked(taps.Count * RowFloats) : CacheLine.Odd(checked(images * layout.PlaneLength));
    }

    public bool IsIm2Col { get; }

    public int Images { get; }

    /// <summary>Stride between channels, in floats.</summary>
    public int ChannelFloats { get; }

    /// <summary>Stride between rows of outputs, in columns.</summary>
    public int Pitch => IsIm2Col ? columns : layout.Pitch;

    /// <summary>Stride between runs of columns, in floats.</summary>
    public int RunStride => IsIm2Col ? 0 : layout.PlaneLength;

    /// <summary>Stride of the results between images, in columns.</summary>
    public int ImageColumns(int partRows) => IsIm2Col ? rows * columns : Rounded(layout.ColumnsOf(partRows, columns));

    /// <summary>Columns of results in a whole chunk.</summary>
    public int Columns => IsIm2Col ? Rounded(Images * rows * columns) : Images * ImageColumns(rows);

    /// <summary>Floats past the last channel that are read: its padding of zeros, and the overhang of whole vectors.</summary>
    public int Tail => layout.Tail + Simd.Lanes;

    /// <summary>Floats of scratch memory to pack one image in before im2col.</summary>
    public int Workspace => IsIm2Col ? layout.PlaneLength + layout.Tail + Copies.Slack : 0;

    // Floats per row of a tap.
    private int RowFloats { get; }

    /// <summary>Whether im2col costs less than it saves, in vector loads and multiply-adds.</summary>
    /// <param name="layout">The layout of a whole image.</param>
    /// <param name="rows">Rows of output.</param>
    /// <param name="columns">Columns of output.</param>
    /// <param name="rowsOfWeights">Rows of weights that each column is multiplied with.</param>
    public static bool PaysAsIm2Col(PixelLayout layout, int rows, int columns, int rowsOfWeights)
    {
        int lanes = Simd.Lanes;
        double asItIs = 0.5 * rowsOfWeights * (Rounded(layout.ColumnsOf(rows, columns)) / lanes);
        double dense = (0.5 * rowsOfWeights * rows * columns / lanes) + (rows * (3 + (columns / 8.0)));
        return dense < asItIs;
    }

    /// <summary>Number of column runs of some images, and their length in vectors.</summary>
    public (int Runs, int Vectors) RunsOf(int images, int partRows) => IsIm2Col
        ? (1, Rounded(images * rows * columns) / Simd.Lanes)
        : (images, ImageColumns(partRows) / Simd.Lanes);

    /// <summary>Pixel offset of column 0 for the tap with this index.</summary>
    public int OffsetOf(int tap) => IsIm2Col ? tap * RowFloats : tapOffsets[tap];

    /// <summary>Packs one channel of some images.</summary>
    /// <param name="image">The channel in the first image.</param>
    /// <param name="imageStride">Stride between images, in floats.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="row">First row of output.</param>
    /// <param name="column">First column of output.</param>
    /// <param name="target">Channel of the chunk.</param>
    /// <param name="workspace"><see cref="Workspace"/> floats.</param>
    public void LayOut(float* image, long imageStride, int images, int row, int column, float* target, float* workspace)
    {
        bool isPlain = IsIm2Col && tapOffsets.Length == 1 && layout.IsIdentity;
        for (int i = 0; i < images && isPlain; i++, image += imageStride)
            Copies.Copy(image, target + (i * rows * columns), rows * columns);
        for (int i = 0; i < images && !isPlain; i++, image += imageStride)
        {
            float* plane = IsIm2Col ? workspace : target + ((long)i * layout.PlaneLength);
            layout.Pack(image, row, column, plane);
            if (!IsIm2Col)
                continue;
            Copies.Clear(plane + layout.PlaneLength, layout.Tail);
            for (int t = 0; t < tapOffsets.Length; t++)
                Copies.RowsInOrder(plane + tapOffsets[t], layout.Pitch, target + (t * RowFloats) + (i * rows * columns), columns, rows, columns);
        }
        // Zeros for the overhang of the last vector and the last row's padding.
        if (IsIm2Col)
        {
            int end = images * rows * columns;
            for (int t = 0; t < tapOffsets.Length; t++)
                Copies.Clear(target + (t * RowFloats) + end, Rounded(end) - end);
        }
        else
            Copies.Clear(target + ((long)images * layout.PlaneLength), Tail);
    }

    private static int Rounded(int columns) => (columns + Simd.Lanes - 1) / Simd.Lanes * Simd.Lanes;
}
