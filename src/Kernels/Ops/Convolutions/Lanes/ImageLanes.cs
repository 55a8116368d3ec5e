using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// As many images as a vector has lanes, transposed so that a vector holds the same pixel of each: [row][column][image], with
/// columns of zeros on both sides as padding.
/// </summary>
/// <remarks>
/// A convolution then reads whole vectors at any stride and any border, and wastes no lanes: with vectors along a row of 10
/// pixels, more than a third of 16 lanes would be empty. The price is to transpose images into lanes and back.
/// </remarks>
internal sealed unsafe class ImageLanes((int H, int W) image, int left = 0, int right = 0)
{
    // Extra cost of transposing a vector of pixels, compared with the packing and copying of the other algorithms, in vector multiply-adds.
    private const double Turn = 1;

    public static int Lanes => Simd.Lanes;

    /// <summary>Columns per row, padding included.</summary>
    public int Pitch { get; } = checked(left + image.W + right);

    /// <summary>Floats per row.</summary>
    public int RowFloats => checked(Pitch * Lanes);

    /// <summary>Floats of scratch memory that <see cref="LayOut"/> needs for a number of rows.</summary>
    public long Workspace(int rows) => Pitch == image.W ? 0 : (long)rows * image.W * Lanes;

    /// <summary>Number of groups of <see cref="Lanes"/> images.</summary>
    public static int GroupsOf(int images) => (images + Lanes - 1) / Lanes;

    /// <summary>Cost of transposing this many floats of each image, in vector multiply-adds.</summary>
    public static double CostOf(double floats, int images) => floats * Turn * GroupsOf(images);

    /// <summary>Offset of a pixel of the image (or of the padding) in the stored rows.</summary>
    public int Offset(int row, int column) => checked(((row * Pitch) + left + column) * Lanes);

    /// <summary>Transposes some rows of a channel into lanes.</summary>
    /// <param name="first">The channel in the first image.</param>
    /// <param name="stride">Stride between images, in floats.</param>
    /// <param name="images">Number of images; lanes without an image are 0.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="target">Receives the rows.</param>
    /// <param name="workspace"><see cref="Workspace"/> floats.</param>
    public void LayOut(float* first, long stride, int images, int row, int rows, float* target, float* workspace)
    {
        float* dense = Pitch == image.W ? target : workspace;
        if (images < Lanes)
            new Span<float>(dense, rows * image.W * Lanes).Clear();
        // Prefetches the next channel while this one is transposed.
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

    /// <summary>Applies an op's epilogue and transposes lanes back to rows of images: the inverse of <see cref="LayOut"/>.</summary>
    /// <param name="from">A vector for each element of an image.</param>
    /// <param name="y">The output.</param>
    /// <param name="offset">Offset of the first image's elements in the output.</param>
    /// <param name="stride">Stride between images, in floats.</param>
    /// <param name="count">Number of elements per image.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="epilogue">The epilogue; its bias has been added already.</param>
    public static void TurnBack(float* from, float* y, long offset, long stride, int count, int images, Epilogue epilogue)
    {
        if (epilogue.IsUnary)
            epilogue.ApplyMap(from, count * Lanes, 0);
        Transpose.Run(from, Lanes, y + offset, stride, count, images);
        for (int image = 0; image < images && epilogue.Map is not null && !epilogue.IsUnary; image++, offset += stride)
            epilogue.ApplyMap(y + offset, count, offset);
    }
}
