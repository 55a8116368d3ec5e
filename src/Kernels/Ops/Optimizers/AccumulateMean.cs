using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Optimizers;

/// <summary>
/// The gradient of several batches as of one large batch: mean ← mean + (g - mean)·w / (weight + w), weight ← weight + w, where w is the
/// batch's own weight or its number of samples. Starts with zeros. A batch of weight 0 has no effect.
/// </summary>
/// <remarks>Inputs: mean [n] (changed), weight [1] (changed), gradients [n], and if weighted: the batch's weight [1].</remarks>
public sealed record AccumulateMean(int Samples, bool Weighted = false) : Op
{
    private const int Block = 4096;
    private static readonly int[] Changed = [0, 1];

    public override ReadOnlySpan<int> Updates => Changed;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Weighted ? 4 : 3, Name);
        Expect.Shape(inputs[1], Shape.Scalar, "weight");
        Expect.Shape(inputs[2], inputs[0].Shape, "gradients");
        if (Weighted)
            Expect.Shape(inputs[3], Shape.Scalar, "weight of the batch");
        return [];
    }

    public override Cost Cost(Node node) => new(3.0 * node.Inputs[0].Shape.Length, 12.0 * node.Inputs[0].Shape.Length);

    public override void Reference(ReferenceArguments a)
    {
        Span<double> mean = a.Updated(0), weight = a.Updated(1);
        double own = Weighted ? a.In(3)[0] : Samples, all = weight[0] + own, share = all > 0 ? own / all : 0;
        for (int i = 0; i < mean.Length; i++)
            mean[i] = Towards.Apply<F64>(new(mean[i]), new(a.In(2)[i]), default, new(share)).Value;
        weight[0] = all;
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* mean = b.Updated(0), weight = b.Updated(1), g = b.In(2), own = Weighted ? b.In(3) : null;
        int count = b.InShape(0).Count;
        b.Parallel((count + Block - 1) / Block, (begin, end, _) =>
        {
            float w = own is null ? Samples : own[0], all = weight[0] + w;
            int first = begin * Block;
            MapLoop.Run<Towards>(all > 0 ? w / all : 0, mean + first, g + first, null, mean + first, Math.Min(end * Block, count) - first);
        });
        b.Serial(() => weight[0] += own is null ? Samples : own[0]);
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> mean = b.Updated(0), weight = b.Updated(1), g = b.In(2), own = Weighted ? b.In(3) : weight.SubView(0, 0);
        int samples = Samples;
        var add = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, int>(OptimizerKernels.AddToMean);
        var weigh = b.Loader.Items<ArrayView<float>, ArrayView<float>, int>(OptimizerKernels.AddWeight);
        b.Launch(() => add(mean.IntLength, mean, weight, g, own, samples));
        b.Launch(() => weigh(1, weight, own, samples));
    }

    private readonly struct Towards : IMap
    {
        public static int Inputs => 2;

        public static int Flops => 3;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => a + ((b - a) * constant);
    }
}
