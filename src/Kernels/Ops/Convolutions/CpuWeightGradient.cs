using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// The weight gradient on the CPU: dw[k, c, r, s] is the dot product of channel k of dy with channel c of x, moved by (r, s).
/// Both are laid out with the same pitch, so that it is one over contiguous pixels.
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
    private readonly int[] offsets; // pinned: the kernels read it by address
    private readonly ScratchRegion pixels;
    private readonly ScratchRegion gradients;
    private readonly ScratchRegion sums;
    private readonly long pixelFloats;
    private readonly long gradientFloats;

    /// <param name="binding">Of the op.</param>
    /// <param name="z">Sizes.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="dy">[N, K, P, Q].</param>
    /// <param name="dw">[K, C/groups, R, S].</param>
    public CpuWeightGradient(CpuBinding binding, ConvSizes z, float* x, float* dy, float* dw)
    {
        (this.binding, this.z) = (binding, z);
        this.x = x;
        this.dy = dy;
        this.dw = dw;
        IReadOnlyList<Tap> taps = Correlation.Forward(z).Passes[0].Taps;
        blocks = new WeightGradientBlocking(z, taps);
        // Behind the last row stand copies of it, to fill up the last tile.
        int rows = blocks.Channels * taps.Count;
        offsets = GC.AllocateArray<int>(rows + DotKernel.Columns, pinned: true);
        for (int i = 0; i < offsets.Length; i++)
        {
            (int channel, int tap) = Math.DivRem(Math.Min(i, rows - 1), taps.Count);
            offsets[i] = checked((channel * blocks.Layout.PlaneLength) + blocks.Layout.OffsetOf(taps[tap]));
        }
        pixelFloats = Aligned(((long)blocks.RunsPerChunk * blocks.Channels * blocks.Layout.PlaneLength) + Tail);
        gradientFloats = Aligned((long)blocks.RowsPerTask * blocks.RunsPerChunk * RunFloats);
        pixels = binding.Scratch(pixelFloats * binding.Workers);
        gradients = binding.Scratch(gradientFloats * binding.Workers);
        sums = binding.Scratch(blocks.Splits == 1 ? 0 : blocks.Splits * z.Weights.Length);
    }

    // What whole vectors read behind the last laid-out pixel.
    private int Tail => blocks.Layout.Tail + WeightGradientBlocking.Lanes;

    private int RunFloats => blocks.Vectors * WeightGradientBlocking.Lanes;

    private int KernelSize => z.R * z.S;

    public void AddPhases()
    {
        binding.Parallel(blocks.Splits * z.Geometry.Groups * blocks.Parts, (begin, end, worker) =>
        {
            for (int task = begin; task < end; task++)
            {
                (int split, int rest) = Math.DivRem(task, z.Geometry.Groups * blocks.Parts);
                (int group, int part) = Math.DivRem(rest, blocks.Parts);
                float* target = blocks.Splits == 1 ? dw : sums.Pointer + (split * z.Weights.Length);
                Run(split, group, part * blocks.RowsPerTask, target, pixels.Pointer + (pixelFloats * worker), gradients.Pointer + (gradientFloats * worker));
            }
        });
        if (blocks.Splits > 1)
            AddReduction();
    }

    private static long Aligned(long floats) => (floats + 15) / 16 * 16;

    private void AddReduction()
    {
        int length = z.Weights.Count;
        binding.Parallel((length + ReduceBlock - 1) / ReduceBlock, (begin, end, _) =>
        {
            int first = begin * ReduceBlock, count = Math.Min(end * ReduceBlock, length) - first;
            new ReadOnlySpan<float>(sums.Pointer + first, count).CopyTo(new Span<float>(dw + first, count));
            for (int split = 1; split < blocks.Splits; split++)
                Sums.AddTo(sums.Pointer + ((long)split * length) + first, dw + first, count);
        });
    }

    // The sums over a part of the batch, for some filters of a group.
    private void Run(int split, int group, int filter, float* target, float* pixel, float* gradient)
    {
        int filters = Math.Min(blocks.RowsPerTask, z.GroupK - filter);
        target += ((long)group * z.GroupK + filter) * z.GroupC * KernelSize;
        new Span<float>(target, filters * z.GroupC * KernelSize).Clear();
        int firstChunk = (int)((long)blocks.Chunks * split / blocks.Splits), endChunk = (int)((long)blocks.Chunks * (split + 1) / blocks.Splits);
        for (int chunk = firstChunk; chunk < endChunk; chunk++)
        {
            int run = chunk * blocks.RunsPerChunk, runs = Math.Min(blocks.RunsPerChunk, blocks.Runs - run);
            LayOutGradients(run, runs, (group * z.GroupK) + filter, filters, gradient);
            for (int channel = 0; channel < z.GroupC; channel += blocks.Channels)
            {
                int channels = Math.Min(blocks.Channels, z.GroupC - channel);
                LayOutPixels(run, runs, (group * z.GroupC) + channel, channels, pixel);
                Multiply(runs, filters, channel, channels, gradient, pixel, target);
            }
        }
    }

    private void Multiply(int runs, int filters, int channel, int channels, float* gradient, float* pixel, float* target)
    {
        float* tile = stackalloc float[DotKernel.Rows * DotKernel.Columns];
        int columns = channels * KernelSize, imageStride = channels * blocks.Layout.PlaneLength;
        fixed (int* offset = offsets)
        {
            for (int k = 0; k < filters; k += blocks.Rows)
            {
                float* rows = gradient + ((long)k * runs * RunFloats);
                for (int column = 0; column < columns; column += DotKernel.Columns)
                {
                    if (blocks.Rows == 1)
                        DotKernel.RunRow(runs, blocks.Vectors, rows, 0, RunFloats, pixel, offset + column, imageStride, tile);
                    else
                        DotKernel.Run(runs, blocks.Vectors, rows, (nint)runs * RunFloats, RunFloats, pixel, offset + column, imageStride, tile);
                    float* to = target + (((long)k * z.GroupC + channel) * KernelSize) + column;
                    AddTile(tile, Math.Min(blocks.Rows, filters - k), Math.Min(DotKernel.Columns, columns - column), to);
                }
            }
        }
    }

    private void AddTile(float* tile, int rows, int columns, float* to)
    {
        for (int i = 0; i < rows; i++, tile += DotKernel.Columns, to += z.GroupC * KernelSize)
        {
            for (int j = 0; j < columns; j++)
                to[j] += tile[j];
        }
    }

    // [runs][channels][plane]
    private void LayOutPixels(int run, int runs, int channel, int channels, float* target)
    {
        for (int i = run; i < run + runs; i++)
        {
            (int image, int row, int column) = Place(i);
            for (int c = channel; c < channel + channels; c++, target += blocks.Layout.PlaneLength)
                blocks.Layout.Pack(x + ((((long)image * z.C) + c) * z.H * z.W), row, column, target);
        }
        Copies.Clear(target, Tail);
    }

    // [filters, whole tiles][runs][columns], zeros between the rows of an image and behind the last.
    private void LayOutGradients(int run, int runs, int filter, int filters, float* target)
    {
        for (int k = 0; k < filters; k++)
        {
            for (int i = run; i < run + runs; i++, target += RunFloats)
            {
                (int image, int row, int column) = Place(i);
                float* from = dy + ((((((long)image * z.K) + filter + k) * z.P) + row) * z.Q) + column;
                int rows = Math.Min(blocks.BandRows, z.P - row), columns = Math.Min(blocks.BandColumns, z.Q - column), pitch = blocks.Layout.Pitch;
                for (int r = 0; r < rows - 1; r++, from += z.Q)
                {
                    Copies.Copy(from, target + (r * pitch), columns);
                    Copies.Clear(target + (r * pitch) + columns, pitch - columns);
                }
                int last = (rows - 1) * pitch;
                Copies.Copy(from, target + last, columns);
                Copies.Clear(target + last + columns, RunFloats - last - columns);
            }
        }
        int missing = ((filters + blocks.Rows - 1) / blocks.Rows * blocks.Rows) - filters;
        new Span<float>(target, missing * runs * RunFloats).Clear();
    }

    private (int Image, int Row, int Column) Place(int run)
    {
        (run, int column) = Math.DivRem(run, blocks.ColumnBands);
        (int image, int row) = Math.DivRem(run, blocks.RowBands);
        return (image, row * blocks.BandRows, column * blocks.BandColumns);
    }
}
