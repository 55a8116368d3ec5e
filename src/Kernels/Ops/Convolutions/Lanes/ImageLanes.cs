using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// As many images as a vector has lanes, transposed so that a vector holds the same pixel of all: [row][column][image], with
/// columns of zeros on both sides where the padding is.
/// </summary>
/// <remarks>
/// A convolution then reads whole vectors at any stride and any border, and computes nothing for nothing: along a row of 10
/// pixels, with vectors of 16, more than a third of the lanes would be empty. It costs to transpose images into lanes and back.
/// </remarks>
internal sealed unsafe class ImageLanes((int H, int W) image, int left = 0, int right = 0)
{
    // What turning a vector of pixels costs beyond the packing and copying of the older ways, in multiplications of vectors.
    private const double Turn = 1;

    public static int Lanes => Simd.Lanes;

    /// <summary>Columns of a row.</summary>
    public int Pitch { get; } = checked(left + image.W + right);

    /// <summary>Floats of a row.</summary>
    public int RowFloats => checked(Pitch * Lanes);

    /// <summary>Floats of memory that <see cref="LayOut"/> needs for so many rows.</summary>
    public long Workspace(int rows) => Pitch == image.W ? 0 : (long)rows * image.W * Lanes;

    /// <summary>Groups of images.</summary>
    public static int GroupsOf(int images) => (images + Lanes - 1) / Lanes;

    /// <summary>Cost of transposing this many floats of each image, in vector multiplications.</summary>
    public static double CostOf(double floats, int images) => floats * Turn * GroupsOf(images);

    /// <summary>Index of a column of the image (or of the padding) in a stored row.</summary>
    public int Offset(int row, int column) => checked(((row * Pitch) + left + column) * Lanes);

    /// <summary>Lays out some rows of a channel.</summary>
    /// <param name="first">The channel in the first image.</param>
    /// <param name="stride">Floats to the same channel of the next image.</param>
    /// <param name="images">Number of images; the lanes of those that are missing are 0.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="target">Where to.</param>
    /// <param name="workspace">As many floats as <see cref="Workspace"/> says.</param>
    public void LayOut(float* first, long stride, int images, int row, int rows, float* target, float* workspace)
    {
        float* dense = Pitch == image.W ? target : workspace;
        if (images < Lanes)
            new Span<float>(dense, rows * image.W * Lanes).Clear();
        // The next channel comes from memory while this one is transposed.
        CacheLine.Prefetch(first + ((long)(image.H + row) * image.W), rows * image.W, images, stride);
        Transpose.Run(first + ((long)row * image.W), stride, dense, Lanes, images, rows * image.W);
        if (dense == target)
            return;
        for (int i = 0; i < rows; i++, dense += image.W * Lanes, target += RowFloats)
        {
            Copies.Clear(target, left * Lanes);
            Copies.Copy(dense, target + (left * Lanes), image.W * Lanes);
            Copies.Clear(target + ((left + image.W) * Lanes), right * Lanes);
        }
    }

    /// <summary>The function of an op, and from lanes to rows of images: what <see cref="LayOut"/> does, turned round.</summary>
    /// <param name="from">A vector for each number of an image.</param>
    /// <param name="y">The output; C for the function.</param>
    /// <param name="offset">Where the first image's numbers go.</param>
    /// <param name="stride">Floats to the next image's.</param>
    /// <param name="count">Numbers of an image.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="epilogue">Its bias is in the numbers already.</param>
    public static void TurnBack(float* from, float* y, long offset, long stride, int count, int images, Epilogue epilogue)
    {
        if (epilogue.IsUnary)
            epilogue.ApplyMap(from, count * Lanes, 0);
        Transpose.Run(from, Lanes, y + offset, stride, count, images);
        for (int image = 0; image < images && epilogue.Map is not null && !epilogue.IsUnary; image++, offset += stride)
            epilogue.ApplyMap(y + offset, count, offset);
    }
}
