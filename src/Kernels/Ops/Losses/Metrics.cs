using GpuGrad.Kernels.Devices.Accelerated;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>
/// Running totals of an epoch, kept on the device so that no step waits for the host: Σ loss·samples (with Neumaier's
/// compensation, because 60,000 floats lose digits otherwise), correct predictions, samples.
/// </summary>
/// <remarks>Inputs: totals [4] (changed), loss [1], and for classes: scores [N, K], labels int [N]. One score a sample means
/// class 1 above 0. Ties go to the first class.</remarks>
public sealed record Metrics(int Samples, bool Classes) : Op
{
    /// <summary>Length of the totals: loss, its compensation, correct, samples.</summary>
    public const int Length = 4;

    private static readonly int[] Changed = [0];

    public override ReadOnlySpan<int> Updates => Changed;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Classes ? 4 : 2, Name);
        Expect.Shape(inputs[0], new Shape(Length), "totals");
        return [];
    }

    public override void Reference(ReferenceArguments a)
    {
        Span<double> totals = a.Updated(0);
        totals[0] += a.In(1)[0] * Samples;
        totals[3] += Samples;
        for (int i = 0, k = Classes ? a.InShape(2)[1] : 0; Classes && i < Samples; i++)
            totals[2] += Predicted(a.In(2).Slice(i * k, k)) == a.InInt(3)[i] ? 1 : 0;
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* totals = b.Updated(0), loss = b.In(1), scores = Classes ? b.In(2) : null;
        int* labels = Classes ? b.InInt(3) : null;
        int k = Classes ? b.InShape(2)[1] : 0;
        b.Serial(() =>
        {
            Compensated(ref totals[0], ref totals[1], loss[0] * Samples);
            totals[3] += Samples;
            for (int i = 0; i < Samples && labels is not null; i++)
                totals[2] += Predicted(new ReadOnlySpan<float>(scores + ((long)i * k), k)) == labels[i] ? 1 : 0;
        });
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> totals = b.Updated(0), loss = b.In(1);
        int rows = Classes ? Samples : 0, samples = Samples;
        KernelScratchRegion right = b.Scratch(Math.Max(1, rows));
        if (Classes)
            AddRight(b, right);
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int>(RowLossKernels.AddTotals, RowTeams.Specialization);
        var config = new KernelConfig(1, RowTeams.Threads);
        b.Launch(() => run(config, totals, loss, right.View, rows, samples));
    }

    private static void AddRight(KernelBinding b, KernelScratchRegion right)
    {
        ArrayView<float> scores = b.In(2);
        ArrayView<int> labels = b.InInt(3);
        RowSizes sizes = RowLosses.Sizes(b.InShape(2));
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<int>, RowSizes, ArrayView<float>>(RowLossKernels.Right, RowTeams.Specialization);
        KernelConfig config = RowTeams.Launch(sizes.Rows, sizes.Team);
        b.Launch(() => run(config, scores, labels, sizes, right.View));
    }

    private static void Compensated(ref float sum, ref float compensation, float value)
    {
        float next = sum + value;
        compensation += MathF.Abs(sum) >= MathF.Abs(value) ? sum - next + value : value - next + sum;
        sum = next;
    }

    private static int Predicted<T>(ReadOnlySpan<T> scores) where T : System.Numerics.INumber<T>
    {
        if (scores.Length == 1)
            return scores[0] > T.Zero ? 1 : 0;
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best])
                best = i;
        }
        return best;
    }
}
