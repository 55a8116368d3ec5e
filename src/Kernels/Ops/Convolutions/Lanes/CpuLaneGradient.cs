using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// The weight gradient on the CPU with one image per vector lane: each weight has a vector of sums, one per image,
/// whose lanes are added at the very end.
/// </summary>
internal sealed unsafe class CpuLaneGradient
{
    private const int ReduceBlock = 256;

    private readonly CpuBinding binding;
    private readonly ConvSizes z;
    private readonly LaneGradientBlocking blocks;
    private readonly float* x;
    private readonly float* dy;
    private readonly float* dw;
    private readonly LaneDot dot;
    private readonly (int Begin, int End)[] rowsOnImage; // for each row of the filter: the rows of outputs that it meets inside the image
    private readonly WorkerScratch pixels;
    private readonly WorkerScratch gradients;
    private readonly WorkerScratch workspace;
    private readonly ScratchRegion sums;
    private readonly int weightCount; // kept, because Shape allocates

    /// <param name="binding">The op's binding.</param>
    /// <param name="z">Sizes.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="dy">[N, K, P, Q].</param>
    /// <param name="dw">[K, C/groups, R, S].</param>
    public CpuLaneGradient(CpuBinding binding, ConvSizes z, float* x, float* dy, float* dw)
    {
        (this.binding, this.z) = (binding, z);
        this.x = x;
        this.dy = dy;
        this.dw = dw;
        blocks = new LaneGradientBlocking(z);
        weightCount = checked((int)z.Weights.Length);
        rowsOnImage = [.. Enumerable.Range(0, z.R).Select(r => LaneGradientBlocking.RowsOnImage(z, r))];
        dot = new LaneDot(
            z.Q, blocks.GradientChannel, blocks.Gradients.RowFloats, (nint)z.Geometry.Stride.H * blocks.Pixels.RowFloats,
            z.Geometry.Stride.W * ImageLanes.Lanes, z.Geometry.Dilation.W * ImageLanes.Lanes, (nint)z.GroupC * z.R * z.S * ImageLanes.Lanes);
        pixels = binding.ScratchOfWorkers((long)z.GroupC * blocks.PixelChannel);
        gradients = binding.ScratchOfWorkers((long)z.GroupK * blocks.GradientChannel);
        workspace = binding.ScratchOfWorkers(blocks.Pixels.Workspace(z.H));
        sums = binding.Scratch((long)blocks.Splits * weightCount * ImageLanes.Lanes);
    }

    public void AddPhases()
    {
        int perSplit = z.Geometry.Groups * blocks.Parts;
        binding.Parallel(blocks.Splits * perSplit, (begin, end, worker) =>
        {
            for (int task = begin; task < end; task++)
            {
                (int split, int rest) = Math.DivRem(task, perSplit);
                (int group, int part) = Math.DivRem(rest, blocks.Parts);
                Run(split, group, part * blocks.Filters, pixels.Of(worker), gradients.Of(worker), workspace.Of(worker));
            }
        });
        binding.Parallel((weightCount + ReduceBlock - 1) / ReduceBlock, (begin, end, _) =>
        {
            for (int i = begin * ReduceBlock; i < Math.Min(end * ReduceBlock, weightCount); i++)
                dw[i] = Total(i);
        });
    }

    // Sums over a part of the batch, for some filters of a group.
    private void Run(int split, int group, int firstFilter, float* pixel, float* gradient, float* dense)
    {
        int endFilter = Math.Min(firstFilter + blocks.Filters, z.GroupK);
        long weightsOfFilter = (long)z.GroupC * z.R * z.S * ImageLanes.Lanes;
        float* target = sums.Pointer + ((long)split * weightCount * ImageLanes.Lanes) + (group * z.GroupK * weightsOfFilter);
        new Span<float>(target + (firstFilter * weightsOfFilter), checked((int)((endFilter - firstFilter) * weightsOfFilter))).Clear();
        int groups = ImageLanes.GroupsOf(z.N);
        for (int i = groups * split / blocks.Splits; i < groups * (split + 1) / blocks.Splits; i++)
        {
            int image = i * ImageLanes.Lanes, images = Math.Min(ImageLanes.Lanes, z.N - image);
            for (int channel = 0; channel < z.GroupC; channel++)
                LayOut(blocks.Pixels, x, image, images, z.C, (group * z.GroupC) + channel, z.H, z.W, pixel + ((long)channel * blocks.PixelChannel), dense);
            for (int filter = firstFilter; filter < endFilter; filter++)
                LayOut(blocks.Gradients, dy, image, images, z.K, (group * z.GroupK) + filter, z.P, z.Q, gradient + ((long)filter * blocks.GradientChannel), dense);
            for (int row = 0; row < z.P; row += blocks.BandRows)
                Multiply(firstFilter, endFilter, row, Math.Min(row + blocks.BandRows, z.P), pixel, gradient, target);
        }
    }

    private static void LayOut(ImageLanes layout, float* tensor, int image, int images, int channels, int channel, int rows, int columns, float* target, float* workspace) =>
        layout.LayOut(tensor + ((((long)image * channels) + channel) * rows * columns), (long)channels * rows * columns, images, 0, rows, target, workspace);

    private void Multiply(int firstFilter, int endFilter, int firstRow, int endRow, float* pixels, float* gradients, float* target)
    {
        ConvGeometry g = z.Geometry;
        for (int filter = firstFilter; filter < endFilter; filter += blocks.Rows)
        {
            int filters = Math.Min(blocks.Rows, endFilter - filter);
            float* gradient = gradients + ((long)filter * blocks.GradientChannel);
            for (int channel = 0; channel < z.GroupC; channel++)
            {
                float* channelPixels = pixels + ((long)channel * blocks.PixelChannel);
                for (int r = 0; r < z.R; r++)
                {
                    int begin = Math.Max(firstRow, rowsOnImage[r].Begin), end = Math.Min(endRow, rowsOnImage[r].End);
                    if (begin >= end)
                        continue;
                    int pixelRow = (begin * g.Stride.H) + (r * g.Dilation.H) - g.Padding.Top;
                    float* to = target + (((((long)filter * z.GroupC) + channel) * z.R) + r) * z.S * ImageLanes.Lanes;
                    for (int s = 0; s < z.S; s += blocks.Columns)
                    {
                        float* pixel = channelPixels + blocks.Pixels.Offset(pixelRow, (s * g.Dilation.W) - g.Padding.Left);
                        LaneDotMicroKernel.Run(filters, Math.Min(blocks.Columns, z.S - s))(
                            in dot, end - begin, gradient + ((long)begin * blocks.Gradients.RowFloats), pixel, to + (s * ImageLanes.Lanes));
                    }
                }
            }
        }
    }

    // Adds the parts of the batch, in order, then the lanes.
    private float Total(int weight) =>
        Simd.Is512 ? Total<V512>(weight) : Simd.Is256 ? Total<V256>(weight) : Total<V128>(weight);

    private float Total<V>(int weight) where V : struct, IVector<V>
    {
        V total = V.Of(0);
        for (int split = 0; split < blocks.Splits; split++)
            total += V.Load(sums.Pointer + ((((long)split * weightCount) + weight) * V.Lanes));
        return total.Sum();
    }
}
