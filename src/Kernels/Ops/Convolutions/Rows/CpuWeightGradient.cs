using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// The weight gradient on the CPU: dw[k, c, r, s] is the dot product of channel k of dy with channel c of x, shifted by (r, s).
/// Both are packed with the same pitch, so that the dot product runs over contiguous pixels.
/// </summary>
internal sealed unsafe class CpuWeightGradient
{
    private const int ReduceBlock = 4096;

    private readonly CpuBinding binding;
    private readonly ConvSizes z;
    private readonly WeightGradientBlocking blocks;
    private readonly float* x;
    private readonly float* dy;
    private readonly float* dw;
    private readonly int* offsets;
    private readonly WorkerScratch workspace;
    private readonly WorkerScratch pixels;
    private readonly WorkerScratch gradients;
    private readonly ScratchRegion sums;
    private readonly long weightFloats; // of all filters; kept, because Shape allocates

    /// <param name="binding">The op's binding.</param>
    /// <param name="z">Sizes.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="dy">[N, K, P, Q].</param>
    /// <param name="dw">[K, C/groups, R, S].</param>
    public CpuWeightGradient(CpuBinding binding, ConvSizes z, float* x, float* dy, float* dw)
    {
        (this.binding, this.z) = (binding, z);
        weightFloats = z.Weights.Length;
        this.x = x;
        this.dy = dy;
        this.dw = dw;
        IReadOnlyList<Tap> taps = Correlation.Forward(z).Passes[0].Taps;
        blocks = new WeightGradientBlocking(z, taps);
        // Copies of the last row fill up the last tile.
        int rows = blocks.Channels * taps.Count;
        int[] table = new int[(rows + DotMicroKernel.Columns - 1) / DotMicroKernel.Columns * DotMicroKernel.Columns];
        for (int i = 0; i < table.Length; i++)
        {
            (int channel, int tap) = Math.DivRem(Math.Min(i, rows - 1), taps.Count);
            table[i] = checked((channel * blocks.Chunk.ChannelFloats) + blocks.Chunk.OffsetOf(tap));
        }
        offsets = binding.Table(table);
        workspace = binding.ScratchOfWorkers(blocks.Chunk.Workspace);
        pixels = binding.ScratchOfWorkers(((long)blocks.Channels * blocks.Chunk.ChannelFloats) + blocks.Chunk.Tail);
        gradients = binding.ScratchOfWorkers((long)FiltersOfTiles * blocks.Chunk.Columns);
        sums = binding.Scratch(blocks.Splits == 1 ? 0 : blocks.Splits * weightFloats);
    }

    private int FilterSize => z.R * z.S;

    // Filters per group, rounded up to whole tiles.
    private int FiltersOfTiles => (z.GroupK + blocks.Rows - 1) / blocks.Rows * blocks.Rows;

    public void AddPhases()
    {
        binding.Parallel(blocks.Splits * z.Geometry.Groups * blocks.Parts, (begin, end, worker) =>
        {
            for (int task = begin; task < end; task++)
            {
                (int split, int rest) = Math.DivRem(task, z.Geometry.Groups * blocks.Parts);
                (int group, int part) = Math.DivRem(rest, blocks.Parts);
                float* target = blocks.Splits == 1 ? dw : sums.Pointer + (split * weightFloats);
                Run(split, group, part * blocks.ChannelsPerTask, target, worker);
            }
        });
        if (blocks.Splits > 1)
            AddReduction();
    }

    private void AddReduction()
    {
        int length = checked((int)weightFloats);
        binding.Parallel((length + ReduceBlock - 1) / ReduceBlock, (begin, end, _) =>
        {
            int first = begin * ReduceBlock, count = Math.Min(end * ReduceBlock, length) - first;
            new ReadOnlySpan<float>(sums.Pointer + first, count).CopyTo(new Span<float>(dw + first, count));
            for (int split = 1; split < blocks.Splits; split++)
                Sums.AddTo(sums.Pointer + ((long)split * length) + first, dw + first, count);
        });
    }

    // Sums over a part of the batch, for some channels of a group.
    private void Run(int split, int group, int firstChannel, float* target, int worker)
    {
        float* pixel = pixels.Of(worker), gradient = gradients.Of(worker);
        int endChannel = Math.Min(firstChannel + blocks.ChannelsPerTask, z.GroupC);
        target += (long)group * z.GroupK * z.GroupC * FilterSize;
        for (int k = 0; k < z.GroupK; k++)
            new Span<float>(target + ((((long)k * z.GroupC) + firstChannel) * FilterSize), (endChannel - firstChannel) * FilterSize).Clear();
        int firstChunk = (int)((long)blocks.Chunks * split / blocks.Splits), endChunk = (int)((long)blocks.Chunks * (split + 1) / blocks.Splits);
        for (int chunk = firstChunk; chunk < endChunk; chunk++)
        {
            Part part = PartAt(chunk);
            LayOutGradients(part, group * z.GroupK, gradient);
            for (int channel = firstChannel; channel < endChannel; channel += blocks.Channels)
            {
                int channels = Math.Min(blocks.Channels, endChannel - channel);
                LayOutPixels(part, (group * z.GroupC) + channel, channels, pixel, workspace.Of(worker));
                Multiply(part, channel, channels, gradient, pixel, target);
            }
        }
    }

    private void Multiply(Part part, int channel, int channels, float* gradient, float* pixel, float* target)
    {
        (int runs, int vectors) = blocks.Chunk.RunsOf(part.Images, blocks.BandRows);
        int runFloats = vectors * Simd.Lanes, columns = channels * FilterSize;
        float* tile = stackalloc float[DotMicroKernel.Rows * DotMicroKernel.Columns];
        for (int k = 0; k < z.GroupK; k += blocks.Rows)
        {
            float* rows = gradient + ((long)k * runs * runFloats);
            for (int column = 0; column < columns; column += DotMicroKernel.Columns)
            {
                if (blocks.Rows == 1)
                    DotMicroKernel.RunRow(runs, vectors, rows, 0, runFloats, pixel, offsets + column, blocks.Chunk.RunStride, tile);
                else
                    DotMicroKernel.Run(runs, vectors, rows, (nint)runs * runFloats, runFloats, pixel, offsets + column, blocks.Chunk.RunStride, tile);
                float* to = target + ((((long)k * z.GroupC) + channel) * FilterSize) + column;
                AddTile(tile, Math.Min(blocks.Rows, z.GroupK - k), Math.Min(DotMicroKernel.Columns, columns - column), to);
            }
        }
    }

    private void AddTile(float* tile, int rows, int columns, float* to)
    {
        for (int i = 0; i < rows; i++, tile += DotMicroKernel.Columns, to += z.GroupC * FilterSize)
        {
            for (int j = 0; j < columns; j++)
                to[j] += tile[j];
        }
    }

    private void LayOutPixels(Part part, int channel, int channels, float* target, float* plane)
    {
        for (int c = channel; c < channel + channels; c++, target += blocks.Chunk.ChannelFloats)
        {
            float* from = x + ((((long)part.Image * z.C) + c) * z.H * z.W);
            blocks.Chunk.LayOut(from, (long)z.C * z.H * z.W, part.Images, part.Row, part.Column, target, plane);
        }
    }

    // Packs dy as [filters in whole tiles][columns of the chunk], with zeros between the rows of an image and after the last.
    private void LayOutGradients(Part part, int filter, float* target)
    {
        (int runs, int vectors) = blocks.Chunk.RunsOf(part.Images, blocks.BandRows);
        int length = runs * vectors * Simd.Lanes;
        int imageColumns = blocks.Chunk.ImageColumns(blocks.BandRows), pitch = blocks.Chunk.Pitch;
        int rows = Math.Min(blocks.BandRows, z.P - part.Row), columns = Math.Min(blocks.BandColumns, z.Q - part.Column);
        for (int k = 0; k < z.GroupK; k++, target += length)
        {
            float* from = dy + ((((((long)part.Image * z.K) + filter + k) * z.P) + part.Row) * z.Q) + part.Column;
            int end = 0;
            for (int image = 0; image < part.Images; image++, from += (long)z.K * z.P * z.Q)
            {
                for (int row = 0; row < rows; row++)
                {
                    int at = (image * imageColumns) + (row * pitch);
                    Copies.Clear(target + end, at - end);
                    Copies.Copy(from + (row * z.Q), target + at, columns);
                    end = at + columns;
                }
            }
            Copies.Clear(target + end, length - end);
        }
        new Span<float>(target, (FiltersOfTiles - z.GroupK) * length).Clear();
    }

    private Part PartAt(int chunk)
    {
        (chunk, int column) = Math.DivRem(chunk, blocks.ColumnBands);
        (chunk, int row) = Math.DivRem(chunk, blocks.RowBands);
        int image = chunk * blocks.Chunk.Images;
        return new Part(image, Math.Min(blocks.Chunk.Images, z.N - image), row * blocks.BandRows, column * blocks.BandColumns);
    }

    // A chunk of the batch: some images, starting at a row and column of the output.
    private readonly record struct Part(int Image, int Images, int Row, int Column);
}
