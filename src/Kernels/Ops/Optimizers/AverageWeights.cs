using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Optimizers;

/// <summary>average ← decay·average + (1 - decay)·w, with the decay of this step from <see cref="HyperLayout.AverageDecay"/>.</summary>
/// <remarks>Inputs: average [n] (changed), weights [n], hyper. No output.</remarks>
public sealed record AverageWeights : Op
{
    private const int Block = 4096;
    private static readonly int[] Changed = [0];

    public override ReadOnlySpan<int> Updates => Changed;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 3, Name);
        Expect.Shape(inputs[1], inputs[0].Shape, "weights");
        Expect.Shape(inputs[2], new Shape(HyperLayout.Length), "hyper");
        return [];
    }

    public override Cost Cost(Node node) => new((double)Ema.Map.Flops * node.Inputs[0].Shape.Length, 12.0 * node.Inputs[0].Shape.Length);

    public override void Reference(ReferenceArguments a)
    {
        Span<double> average = a.Updated(0);
        double decay = a.In(2)[HyperLayout.AverageDecay];
        for (int i = 0; i < average.Length; i++)
            average[i] = Ema.Map.Apply<F64>(new(average[i]), new(a.In(1)[i]), default, new(decay)).Value;
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* average = b.Updated(0), w = b.In(1), hyper = b.In(2);
        int count = b.InShape(0).Count;
        b.Parallel((count + Block - 1) / Block, (begin, end, _) =>
        {
            int first = begin * Block;
            MapLoop.Run<Ema.Map>(hyper[HyperLayout.AverageDecay], average + first, w + first, null, average + first, Math.Min(end * Block, count) - first);
        });
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> average = b.Updated(0), w = b.In(1), hyper = b.In(2);
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<float>>(OptimizerKernels.Average);
        b.Launch(() => run(average.IntLength, average, w, hyper));
    }
}
