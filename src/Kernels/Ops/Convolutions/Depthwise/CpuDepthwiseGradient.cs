using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// The weight gradient of a depthwise 3×3 convolution on the CPU: nine vectors of sums per channel. The batch is divided into splits
/// with separate sums, which are added in order at the end; their number depends on the batch, not on the threads.
/// </summary>
internal sealed unsafe class CpuDepthwiseGradient
{
    private const int MostSplits = 16;
    private const int EnoughTasks = 32;

    private readonly CpuBinding binding;
    private readonly ConvSizes z;
    private readonly DepthwisePlane plane;
    private readonly float* x;
    private readonly float* dy;
    private readonly float* dw;
    private readonly int splits;
    private readonly int channelsPerTask;
    private readonly int gradientFloats;
    private readonly WorkerScratch pixels;
    private readonly WorkerScratch gradients;
    private readonly ScratchRegion sums; // [split][channel][tap][lane]

    /// <param name="binding">The op's binding.</param>
    /// <param name="z">Sizes.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="dy">[N, C, P, Q].</param>
    /// <param name="dw">[C, 1, 3, 3].</param>
    public CpuDepthwiseGradient(CpuBinding binding, ConvSizes z, float* x, float* dy, float* dw)
    {
        (this.binding, this.z) = (binding, z);
        this.x = x;
        this.dy = dy;
        this.dw = dw;
        plane = DepthwisePlane.Forward(z);
        splits = Math.Min(z.N, MostSplits);
        int parts = Math.Clamp((EnoughTasks + splits - 1) / splits, 1, z.C);
        channelsPerTask = (z.C + parts - 1) / parts;
        gradientFloats = plane.Columns == z.Q ? 0 : checked(z.P * plane.Columns);
        pixels = binding.ScratchOfWorkers(plane.Floats);
        gradients = binding.ScratchOfWorkers(gradientFloats);
        sums = binding.Scratch((long)splits * z.C * SumFloats);
    }

    private int SumFloats => 9 * plane.Lanes;

    public void AddPhases()
    {
        int parts = (z.C + channelsPerTask - 1) / channelsPerTask;
        binding.Parallel(splits * parts, (begin, end, worker) =>
        {
            new Span<float>(pixels.Of(worker), plane.Floats).Clear();
            new Span<float>(gradients.Of(worker), gradientFloats).Clear();
            for (int task = begin; task < end; task++)
                Run(task / parts, task % parts * channelsPerTask, pixels.Of(worker), gradients.Of(worker));
        });
        binding.Parallel(z.C, (begin, end, _) =>
        {
            for (int channel = begin; channel < end; channel++)
                Finish(channel);
        }, grain: 64);
    }

    private void Run(int split, int firstChannel, float* image, float* padded)
    {
        int channels = Math.Min(channelsPerTask, z.C - firstChannel);
        float* target = sums.Pointer + ((((long)split * z.C) + firstChannel) * SumFloats);
        new Span<float>(target, channels * SumFloats).Clear();
        int end = (int)((long)z.N * (split + 1) / splits);
        for (int n = (int)((long)z.N * split / splits); n < end; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                long number = ((long)n * z.C) + firstChannel + c;
                float* d = dy + (number * z.P * z.Q);
                plane.LayOut(x + (number * z.H * z.W), image);
                if (plane.Columns != z.Q)
                {
                    Copies.Rows(d, z.Q, padded, plane.Columns, z.P, z.Q);
                    d = padded;
                }
                DepthwiseMicroKernel.AddProducts(plane, image, d, target + ((long)c * SumFloats));
            }
        }
    }

    private void Finish(int channel)
    {
        float* total = sums.Pointer + ((long)channel * SumFloats);
        for (int split = 1; split < splits; split++)
            Reductions.Sums.AddTo(total + ((long)split * z.C * SumFloats), total, SumFloats);
        for (int tap = 0; tap < 9; tap++)
            dw[(channel * 9) + tap] = DepthwiseMicroKernel.Sum(plane, total + (tap * plane.Lanes));
    }
}
