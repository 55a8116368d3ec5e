using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.LabelMaps;

/// <summary>Counts the positions whose label is predicted, and those that have a label (not -1). In a tie the first class wins; a single score means class 1 if it is above 0.</summary>
/// <remarks>Inputs: scores [N, K, …], labels int [N, …]. Output: [2].</remarks>
public sealed record PixelCounts : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        LabelMap.Check(inputs[0], inputs[1]);
        return [new TensorType(new Shape(2))];
    }

    public override Cost Cost(Node node) => new(node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        LabelMap z = LabelMap.Of(a.InShape(0));
        (int right, int judged) = (0, 0);
        for (int i = 0; i < z.Count; i++)
        {
            int first = (i / z.Places * z.K * z.Places) + (i % z.Places), best = 0;
            for (int c = 1; c < z.K; c++)
                best = a.In(0)[first + (c * z.Places)] > a.In(0)[first + (best * z.Places)] ? c : best;
            int predicted = z.K > 1 ? best : a.In(0)[first] > 0 ? 1 : 0;
            right += predicted == a.InInt(1)[i] ? 1 : 0;
            judged += a.InInt(1)[i] == LabelMap.Ignored ? 0 : 1;
        }
        (a.Out()[0], a.Out()[1]) = (right, judged);
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(0));
        float* scores = b.In(0), counts = b.Out();
        int* labels = b.InInt(1);
        int blocks = (z.Count + LabelMapKernels.Block - 1) / LabelMapKernels.Block;
        ScratchRegion right = b.Scratch(blocks), judged = b.Scratch(blocks);
        b.Parallel(blocks, (begin, end, _) =>
        {
            for (int block = begin; block < end; block++)
            {
                (int correct, int all) = (0, 0);
                int last = Math.Min((block + 1) * LabelMapKernels.Block, z.Count);
                for (int i = block * LabelMapKernels.Block; i < last; i++)
                {
                    correct += Predicted(scores + ((long)(i / z.Places) * z.K * z.Places) + (i % z.Places), z) == labels[i] ? 1 : 0;
                    all += labels[i] == LabelMap.Ignored ? 0 : 1;
                }
                (right.Pointer[block], judged.Pointer[block]) = (correct, all);
            }
        });
        b.Serial(() =>
        {
            (long correct, long all) = (0, 0);
            for (int block = 0; block < blocks; block++)
                (correct, all) = (correct + (long)right.Pointer[block], all + (long)judged.Pointer[block]);
            (counts[0], counts[1]) = (correct, all);
        });
    }

    public override void Kernel(KernelBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(0));
        ArrayView<float> scores = b.In(0), counts = b.Out();
        ArrayView<int> labels = b.InInt(1);
        int blocks = (z.Count + LabelMapKernels.Block - 1) / LabelMapKernels.Block;
        KernelScratchRegion right = b.Scratch(blocks), judged = b.Scratch(blocks);
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<int>, LabelMap, ArrayView<float>, ArrayView<float>>(LabelMapKernels.Right, RowTeams.Specialization);
        var add = b.Loader.Groups<ArrayView<float>, ArrayView<float>, int, ArrayView<float>>(LabelMapKernels.Counts, RowTeams.Specialization);
        KernelConfig config = new(blocks, RowTeams.Threads), single = new(1, RowTeams.Threads);
        b.Launch(() => run(config, scores, labels, z, right.View, judged.View));
        b.Launch(() => add(single, right.View, judged.View, blocks, counts));
    }

    private static unsafe int Predicted(float* scores, LabelMap z)
    {
        if (z.K == 1)
            return scores[0] > 0 ? 1 : 0;
        int best = 0;
        for (int c = 1; c < z.K; c++)
            best = scores[(long)c * z.Places] > scores[(long)best * z.Places] ? c : best;
        return best;
    }
}
