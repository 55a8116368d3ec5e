using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// The weight gradient of 1×1 filters on the CPU: a GEMM summed over the pixels of the batch. Pixels and incoming gradients
/// are transposed, a chunk at a time, so that the channels of a pixel are contiguous and every pixel is a step of the GEMM's
/// micro-kernel.
/// </summary>
internal sealed unsafe class CpuPointwiseGradient
{
    // Transposed pixels and gradients of a chunk take half of a second-level cache of 1 MiB; those of one tile fit the first-level cache.
    private const int ChunkFloats = 131072;
    private const int FewestPixels = 48;
    private const int MostPixels = 256;

    // Limit for the sums of all splits, 16 MiB; and fewest pixels per split, so that adding the sums costs little.
    private const int AllSumFloats = 4 << 20;
    private const int PixelsOfSplit = 256;

    private const int EnoughTasks = 16;
    private const int PartUnit = 48; // filters: whole rows of the micro-kernel's tile, whole vectors
    private const int FewestChannels = 16;

    private readonly CpuBinding binding;
    private readonly ConvSizes z;
    private readonly float* x;
    private readonly float* dy;
    private readonly float* dw;
    private readonly int pixels; // per image
    private readonly int channelFloats; // stride of x between pixels, and of the sums between filters
    private readonly int filterFloats; // stride of dy between pixels
    private readonly int sumRows;
    private readonly int splits;
    private readonly int filtersPerPart;
    private readonly int parts;
    private readonly int chunk;
    private readonly ScratchRegion sums; // [split][group][filter][channel]
    private readonly WorkerScratch images;
    private readonly WorkerScratch gradients;

    /// <param name="binding">The op's binding.</param>
    /// <param name="z">Sizes.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="dy">[N, K, H, W].</param>
    /// <param name="dw">[K, C/groups, 1, 1].</param>
    public CpuPointwiseGradient(CpuBinding binding, ConvSizes z, float* x, float* dy, float* dw)
    {
        (this.binding, this.z) = (binding, z);
        this.x = x;
        this.dy = dy;
        this.dw = dw;
        int groups = z.Geometry.Groups;
        pixels = z.H * z.W;
        channelFloats = CacheLine.Odd(Whole(z.GroupC, MicroKernel.Columns));
        sumRows = Whole(z.GroupK, PartUnit);
        long sumsOfSplit = checked((long)groups * sumRows * channelFloats);
        int wanted = (EnoughTasks + groups - 1) / groups;
        splits = (int)Math.Clamp(Math.Min(wanted, AllSumFloats / sumsOfSplit), 1, Math.Max(1, AllPixels / PixelsOfSplit));
        int wantedParts = Math.Clamp((wanted + splits - 1) / splits, 1, (z.GroupK + PartUnit - 1) / PartUnit);
        filtersPerPart = Whole((z.GroupK + wantedParts - 1) / wantedParts, PartUnit);
        parts = (z.GroupK + filtersPerPart - 1) / filtersPerPart;
        filterFloats = CacheLine.Odd(filtersPerPart);
        chunk = Math.Clamp(ChunkFloats / (channelFloats + filterFloats), FewestPixels, MostPixels);
        images = binding.ScratchOfWorkers((long)chunk * channelFloats);
        gradients = binding.ScratchOfWorkers((long)chunk * filterFloats);
        sums = binding.Scratch(splits * sumsOfSplit);
    }

    /// <summary>Whether filters are 1×1 with stride 1 and without padding, and there are enough channels for whole tiles.</summary>
    public static bool Suits(ConvSizes z) =>
        (z.R, z.S) == (1, 1) && z.Geometry.Stride == (1, 1) && z.Geometry.Padding == default && z.GroupC >= FewestChannels && z.GroupK >= FewestChannels;

    private long AllPixels => checked((long)z.N * pixels);

    public void AddPhases()
    {
        int perSplit = z.Geometry.Groups * parts;
        binding.Parallel(splits * perSplit, (begin, end, worker) =>
        {
            for (int task = begin; task < end; task++)
            {
                (int split, int rest) = Math.DivRem(task, perSplit);
                Run(split, rest / parts, rest % parts * filtersPerPart, images.Of(worker), gradients.Of(worker));
            }
        });
        binding.Parallel(z.K, (begin, end, _) =>
        {
            for (int k = begin; k < end; k++)
                Finish(k);
        }, grain: Math.Max(1, 8192 / z.GroupC));
    }

    private float* SumsOf(int split, int group, int filter) =>
        sums.Pointer + (((((long)split * z.Geometry.Groups) + group) * sumRows) + filter) * channelFloats;

    // Sums over a part of the batch's pixels, for some filters of a group.
    private void Run(int split, int group, int filter, float* image, float* gradient)
    {
        int filters = Math.Min(filtersPerPart, z.GroupK - filter);
        float* target = SumsOf(split, group, filter);
        long end = AllPixels * (split + 1) / splits;
        bool first = true;
        for (long pixel = AllPixels * split / splits; pixel < end; pixel += chunk, first = false)
        {
            int count = (int)Math.Min(chunk, end - pixel);
            LayOut(x, z.C, (group * z.GroupC), z.GroupC, pixel, count, image, channelFloats);
            LayOut(dy, z.K, (group * z.GroupK) + filter, filters, pixel, count, gradient, filterFloats);
            for (int c = 0; c < z.GroupC; c += MicroKernel.Columns)
            {
                for (int k = 0; k < filters; k += MicroKernel.Rows)
                    MicroKernel.Run(count, gradient + k, filterFloats, image + c, channelFloats, target + ((long)k * channelFloats) + c, channelFloats, !first);
            }
        }
    }

    // Transposes [image][channel][pixel] to [pixel][channel]. What follows the last channel only affects rows and columns that are not read.
    private void LayOut(float* source, int allChannels, int firstChannel, int channels, long pixel, int count, float* target, int pitch)
    {
        while (count > 0)
        {
            (long image, long at) = Math.DivRem(pixel, pixels);
            int run = (int)Math.Min(count, pixels - at);
            Transpose.Run(source + ((((image * allChannels) + firstChannel) * pixels) + at), pixels, target, pitch, channels, run);
            pixel += run;
            count -= run;
            target += (long)run * pitch;
        }
    }

    private void Finish(int k)
    {
        (int group, int filter) = Math.DivRem(k, z.GroupK);
        float* target = dw + ((long)k * z.GroupC);
        Copies.Copy(SumsOf(0, group, filter), target, z.GroupC);
        for (int split = 1; split < splits; split++)
            Sums.AddTo(SumsOf(split, group, filter), target, z.GroupC);
    }

    private static int Whole(int count, int unit) => (count + unit - 1) / unit * unit;
}
