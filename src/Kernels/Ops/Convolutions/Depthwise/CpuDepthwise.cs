using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// A depthwise 3×3 convolution or its transpose on the CPU. There is too little arithmetic for tiles and packing to pay (nine
/// multiply-adds per pixel, while moving it from memory takes as long as thirty): each channel is padded and filtered in one pass.
/// </summary>
internal sealed unsafe class CpuDepthwise
{
    private const int PixelsOfGrain = 8192; // per task: about 5 µs

    private readonly CpuBinding binding;
    private readonly ConvSizes z;
    private readonly DepthwisePlane plane;
    private readonly bool transposed;
    private readonly float* x;
    private readonly float* weights;
    private readonly float* y;
    private readonly Epilogue epilogue;
    private readonly WorkerScratch scratch;

    /// <param name="binding">The op's binding.</param>
    /// <param name="z">Sizes of the convolution.</param>
    /// <param name="transposed">Whether to compute the transpose: x then has the shape of the convolution's output, y that of its input.</param>
    /// <param name="x">[N, C, …].</param>
    /// <param name="weights">[C, 1, 3, 3].</param>
    /// <param name="y">[N, C, …].</param>
    /// <param name="epilogue">Bias and elementwise op; its rows are channels.</param>
    public CpuDepthwise(CpuBinding binding, ConvSizes z, bool transposed, float* x, float* weights, float* y, Epilogue epilogue)
    {
        (this.binding, this.z, this.transposed, this.epilogue) = (binding, z, transposed, epilogue);
        this.x = x;
        this.weights = weights;
        this.y = y;
        plane = transposed ? DepthwisePlane.Transposed(z) : DepthwisePlane.Forward(z);
        scratch = binding.ScratchOfWorkers(plane.Floats);
    }

    public void AddPhases()
    {
        int inputs = transposed ? z.P * z.Q : z.H * z.W, outputs = transposed ? z.H * z.W : z.P * z.Q;
        binding.Parallel(checked(z.N * z.C), (begin, end, worker) =>
        {
            float* pixels = scratch.Of(worker), w = stackalloc float[9];
            new Span<float>(pixels, plane.Floats).Clear();
            for (int i = begin; i < end; i++)
            {
                int channel = i % z.C;
                for (int tap = 0; tap < 9; tap++)
                    w[tap] = weights[(channel * 9) + (transposed ? 8 - tap : tap)];
                long offset = (long)i * outputs;
                plane.LayOut(x + ((long)i * inputs), pixels);
                DepthwiseMicroKernel.Multiply(plane, pixels, w, y + offset);
                if (!epilogue.IsEmpty)
                    epilogue.Apply(y + offset, channel, 0, outputs, offset);
            }
        }, grain: Math.Max(1, PixelsOfGrain / Math.Max(inputs, outputs)));
    }
}
