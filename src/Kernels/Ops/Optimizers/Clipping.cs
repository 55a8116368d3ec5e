using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Optimizers;

/// <summary>
/// Output 0: min(1, limit / (‖g‖ + 1e-6)), the factor that keeps the norm of all gradients within a limit (as PyTorch's
/// clip_grad_norm_). Output 1: ‖g‖. Without a limit the factor is 1.
/// </summary>
/// <remarks>Input: gradients [n].</remarks>
public sealed record GradientNorm(double Limit) : Op
{
    private const int Block = 16384;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        return [new TensorType(Shape.Scalar), new TensorType(Shape.Scalar)];
    }

    public override Cost Cost(Node node) => new(2.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        double sum = 0;
        foreach (double g in a.In(0))
            sum += g * g;
        (a.Out(0)[0], a.Out(1)[0]) = Finish(sum);
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int count = b.InShape(0).Count, blocks = (count + Block - 1) / Block;
        float* g = b.In(0), factor = b.Out(0), norm = b.Out(1);
        b.Sum(blocks, i => Sums.OfSquares(g + ((long)i * Block), Math.Min(Block, count - (i * Block))), sum =>
        {
            (double f, double n) = Finish(sum);
            (factor[0], norm[0]) = ((float)f, (float)n);
        });
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> g = b.In(0), factor = b.Out(0), norm = b.Out(1);
        int count = b.InShape(0).Count, blocks = (count + OptimizerKernels.Block - 1) / OptimizerKernels.Block;
        float limit = (float)Limit;
        KernelScratchRegion sums = b.Scratch(blocks);
        var square = b.Loader.Groups<ArrayView<float>, int, ArrayView<float>>(OptimizerKernels.SquareBlocks, RowTeams.Specialization);
        var finish = b.Loader.Groups<ArrayView<float>, int, float, ArrayView<float>, ArrayView<float>>(OptimizerKernels.FinishNorm, RowTeams.Specialization);
        KernelConfig many = new(blocks, RowTeams.Threads), single = new(1, RowTeams.Threads);
        b.Launch(() => square(many, g, count, sums.View));
        b.Launch(() => finish(single, sums.View, blocks, limit, factor, norm));
    }

    private (double Factor, double Norm) Finish(double sumOfSquares)
    {
        double norm = Math.Sqrt(sumOfSquares);
        return (Limit > 0 ? Math.Min(1, Limit / (norm + 1e-6)) : 1, norm);
    }
}
