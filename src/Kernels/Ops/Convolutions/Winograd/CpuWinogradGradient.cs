using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// The weight gradient of 3×3 filters on the CPU by Winograd's algorithm: pixels and incoming gradients are transposed, so
/// that the channels of a pixel are contiguous, and transformed; then each of the 16 positions is a GEMM summed over tiles.
/// </summary>
internal sealed unsafe class CpuWinogradGradient
{
    private readonly CpuBinding binding;
    private readonly ConvSizes z;
    private readonly WinogradGradientBlocking blocks;
    private readonly float* x;
    private readonly float* dy;
    private readonly float* dw;
    private readonly ScratchRegion sums; // [split][group][position][filter][channel]
    private readonly WorkerScratch images;
    private readonly WorkerScratch pixels;
    private readonly WorkerScratch gradients;
    private readonly WorkerScratch kernels;
    private readonly int pixelPosition; // strides between positions
    private readonly int gradientPosition;

    /// <param name="binding">The op's binding.</param>
    /// <param name="z">Sizes.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="dy">[N, K, P, Q].</param>
    /// <param name="dw">[K, C/groups, 3, 3].</param>
    public CpuWinogradGradient(CpuBinding binding, ConvSizes z, float* x, float* dy, float* dw)
    {
        (this.binding, this.z) = (binding, z);
        this.x = x;
        this.dy = dy;
        this.dw = dw;
        blocks = new WinogradGradientBlocking(z);
        int tiles = blocks.RowsPerChunk * blocks.TileColumns, rows = 2 * Math.Min(blocks.RowsPerChunk, blocks.TileRows);
        images = binding.ScratchOfWorkers(
            Math.Max((long)(rows + 2) * PixelColumns * blocks.ChannelFloats, (long)rows * GradientColumns * blocks.FilterFloats));
        pixelPosition = CacheLine.Odd(tiles * blocks.ChannelFloats);
        gradientPosition = CacheLine.Odd(tiles * blocks.FilterFloats);
        pixels = binding.ScratchOfWorkers((long)Winograd.Positions * pixelPosition);
        gradients = binding.ScratchOfWorkers((long)Winograd.Positions * gradientPosition);
        kernels = binding.ScratchOfWorkers(9L * WholeChannels);
        sums = binding.Scratch(blocks.Splits * blocks.SumsOfSplit);
    }

    // Columns of a row of pixels, and of a row of gradients, that a row of tiles reads.
    private int PixelColumns => (2 * blocks.TileColumns) + 2;

    private int GradientColumns => 2 * blocks.TileColumns;

    // Channels per group, rounded up to whole vectors.
    private int WholeChannels => (z.GroupC + Simd.Lanes - 1) / Simd.Lanes * Simd.Lanes;

    private int SumPosition => blocks.SumRows * blocks.ChannelFloats;

    public void AddPhases()
    {
        int perSplit = z.Geometry.Groups * blocks.Parts;
        binding.Parallel(blocks.Splits * perSplit, (begin, end, worker) =>
        {
            for (int task = begin; task < end; task++)
            {
                (int split, int rest) = Math.DivRem(task, perSplit);
                Run(split, rest / blocks.Parts, rest % blocks.Parts * blocks.FiltersPerPart, worker);
            }
        });
        binding.Parallel(z.K, (begin, end, worker) =>
        {
            for (int k = begin; k < end; k++)
                Finish(k, kernels.Of(worker));
        }, grain: 4);
    }

    private float* SumsOf(int split, int group) =>
        sums.Pointer + (split * blocks.SumsOfSplit) + ((long)group * Winograd.Positions * SumPosition);

    // Sums over a part of the batch, for some filters of a group.
    private void Run(int split, int group, int filter, int worker)
    {
        int filters = Math.Min(blocks.FiltersPerPart, z.GroupK - filter), rows = (filters + MicroKernel.Rows - 1) / MicroKernel.Rows * MicroKernel.Rows;
        float* image = images.Of(worker), pixel = pixels.Of(worker), gradient = gradients.Of(worker);
        float* target = SumsOf(split, group) + ((long)filter * blocks.ChannelFloats);
        for (int position = 0; position < Winograd.Positions; position++)
            new Span<float>(target + ((long)position * SumPosition), rows * blocks.ChannelFloats).Clear();

        int end = (int)((long)blocks.AllRows * (split + 1) / blocks.Splits);
        for (int row = (int)((long)blocks.AllRows * split / blocks.Splits); row < end; row += blocks.RowsPerChunk)
        {
            int endRow = Math.Min(end, row + blocks.RowsPerChunk);
            Transform(row, endRow, group, filter, filters, image, pixel, gradient);
            Multiply((endRow - row) * blocks.TileColumns, rows, pixel, gradient, target);
        }
    }

    private void Multiply(int tiles, int rows, float* pixel, float* gradient, float* target)
    {
        for (int position = 0; position < Winograd.Positions; position++)
        {
            for (int c = 0; c < z.GroupC; c += MicroKernel.Columns)
            {
                for (int k = 0; k < rows; k += MicroKernel.Rows)
                {
                    MicroKernel.Run(
                        tiles, gradient + k, blocks.FilterFloats, pixel + c, blocks.ChannelFloats,
                        target + ((long)k * blocks.ChannelFloats) + c, blocks.ChannelFloats, true);
                }
            }
            pixel += pixelPosition;
            gradient += gradientPosition;
            target += SumPosition;
        }
    }

    private void Transform(int row, int endRow, int group, int filter, int filters, float* image, float* pixel, float* gradient)
    {
        while (row < endRow)
        {
            (int n, int rowOfImage) = Math.DivRem(row, blocks.TileRows);
            int rows = Math.Min(blocks.TileRows - rowOfImage, endRow - row);
            LayOut(
                x + (((long)n * z.C) + ((long)group * z.GroupC)) * z.H * z.W, z.GroupC, (z.H, z.W),
                (2 * rowOfImage) - z.Geometry.Padding.Top, (2 * rows) + 2, z.Geometry.Padding.Left, PixelColumns, image, blocks.ChannelFloats);
            for (int i = 0; i < rows; i++, pixel += blocks.TileColumns * blocks.ChannelFloats)
                TransformPixels(image + ((long)2 * i * PixelColumns * blocks.ChannelFloats), pixel);
            LayOut(
                dy + (((long)n * z.K) + ((long)group * z.GroupK) + filter) * z.P * z.Q, filters, (z.P, z.Q), 2 * rowOfImage, 2 * rows,
                0, GradientColumns, image, blocks.FilterFloats);
            for (int i = 0; i < rows; i++, gradient += blocks.TileColumns * blocks.FilterFloats)
                TransformGradients(image + ((long)2 * i * GradientColumns * blocks.FilterFloats), filters, gradient);
            row += rows;
        }
    }

    // Transposes to [row][column][channel], with zeros outside the image. It takes a few channels at a time, so that memory is read in a few
    // long runs and not in scattered cache lines.
    private static void LayOut(float* source, int channels, (int H, int W) size, int row, int rows, int left, int columns, float* target, int pixel)
    {
        const int Together = 8;
        int begin = Math.Max(row, 0), end = Math.Min(row + rows, size.H), width = Math.Min(size.W, columns - left);
        for (int h = row; h < row + rows; h++)
        {
            float* line = target + ((long)(h - row) * columns * pixel);
            bool inside = h >= begin && h < end && width > 0;
            new Span<float>(line, (inside ? left : columns) * pixel).Clear();
            if (inside)
                new Span<float>(line + ((left + width) * pixel), (columns - left - width) * pixel).Clear();
        }
        for (int next = 0; next < channels && width > 0; next += Together)
        {
            int count = Math.Min(Together, channels), channel = Math.Min(next, channels - count);
            for (int h = begin; h < end; h++)
            {
                float* from = source + ((((long)channel * size.H) + h) * size.W), to = target + ((((long)(h - row) * columns) + left) * pixel) + channel;
                Transpose.Run(from, (long)size.H * size.W, to, pixel, count, width);
            }
        }
    }

    private void TransformPixels(float* image, float* target)
    {
        long row = (long)PixelColumns * blocks.ChannelFloats;
        for (int j = 0; j < blocks.TileColumns; j++, image += 2 * blocks.ChannelFloats, target += blocks.ChannelFloats)
        {
            if (Simd.Is512)
                Winograd.PixelsOfChannels<V512>(image, row, blocks.ChannelFloats, z.GroupC, target, pixelPosition);
            else if (Simd.Is256)
                Winograd.PixelsOfChannels<V256>(image, row, blocks.ChannelFloats, z.GroupC, target, pixelPosition);
            else
                Winograd.PixelsOfChannels<V128>(image, row, blocks.ChannelFloats, z.GroupC, target, pixelPosition);
        }
    }

    private void TransformGradients(float* image, int filters, float* target)
    {
        long row = (long)GradientColumns * blocks.FilterFloats;
        for (int j = 0; j < blocks.TileColumns; j++, image += 2 * blocks.FilterFloats, target += blocks.FilterFloats)
        {
            if (Simd.Is512)
                Winograd.GradientsOfChannels<V512>(image, row, blocks.FilterFloats, filters, target, gradientPosition);
            else if (Simd.Is256)
                Winograd.GradientsOfChannels<V256>(image, row, blocks.FilterFloats, filters, target, gradientPosition);
            else
                Winograd.GradientsOfChannels<V128>(image, row, blocks.FilterFloats, filters, target, gradientPosition);
        }
    }

    // Adds the splits of a filter, in order, and transforms the sum back.
    private void Finish(int k, float* work)
    {
        (int group, int filter) = Math.DivRem(k, z.GroupK);
        float* total = SumsOf(0, group) + ((long)filter * blocks.ChannelFloats);
        for (int split = 1; split < blocks.Splits; split++)
        {
            float* part = SumsOf(split, group) + ((long)filter * blocks.ChannelFloats);
            for (int position = 0; position < Winograd.Positions; position++)
                Sums.AddTo(part + ((long)position * SumPosition), total + ((long)position * SumPosition), z.GroupC);
        }
        int channels = WholeChannels;
        if (Simd.Is512)
            Winograd.WeightGradients<V512>(total, SumPosition, channels, work);
        else if (Simd.Is256)
            Winograd.WeightGradients<V256>(total, SumPosition, channels, work);
        else
            Winograd.WeightGradients<V128>(total, SumPosition, channels, work);
        Transpose.Run(work, channels, dw + ((long)k * z.GroupC * 9), 9, 9, z.GroupC);
    }
}
