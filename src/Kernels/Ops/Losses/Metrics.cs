using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>
/// Running totals of an epoch, kept on the device so that no step waits for the host: the mean loss weighted by batch,
/// the weights, the correct predictions, the samples and the evaluated predictions (one per sample, or per pixel with
/// a class). Each is a pair of floats whose sum has twice the digits, because adding
/// 60,000 floats loses digits and a float stops counting at 2²⁴. A mean, unlike a sum, is finite where every loss is.
/// </summary>
/// <remarks>Inputs: totals [10] (changed), loss [1], for classes: scores [N, K], labels int [N], or if counted: correct and judged [2]; and if weighted: the
/// batch's weight [1], else the weight is its number of samples. A single score per sample means class 1 if it is above 0. In a tie the first class wins.</remarks>
/// <param name="SampleCount">N.</param>
/// <param name="Classes">Whether samples have one class each, and correct predictions are counted here.</param>
/// <param name="Weighted">Whether the batch's weight is given.</param>
/// <param name="Counted">Whether correct predictions were counted elsewhere, as for pixels.</param>
public sealed record Metrics(int SampleCount, bool Classes, bool Weighted = false, bool Counted = false) : Op
{
    public const int Loss = 0;
    public const int Weight = 2;
    public const int Correct = 4;
    public const int Samples = 6;

    public const int Judged = 8;

    /// <summary>Length of the totals: five pairs.</summary>
    public const int Length = 10;

    private static readonly int[] Changed = [0];

    private int WeightAt => Classes ? 4 : Counted ? 3 : 2;

    public override ReadOnlySpan<int> Updates => Changed;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, WeightAt + (Weighted ? 1 : 0), Name);
        Expect.Shape(inputs[0], new Shape(Length), "totals");
        return [];
    }

    public override void Reference(ReferenceArguments a)
    {
        Span<double> totals = a.Updated(0);
        double weight = Weighted ? a.In(WeightAt)[0] : SampleCount;
        double correct = Counted ? a.In(2)[0] : 0, judged = Counted ? a.In(2)[1] : SampleCount;
        for (int i = 0, k = Classes ? a.InShape(2)[1] : 0; Classes && i < SampleCount; i++)
            correct += Predicted(a.In(2).Slice(i * k, k)) == a.InInt(3)[i] ? 1 : 0;
        double all = totals[Weight] + totals[Weight + 1] + weight, mean = totals[Loss] + totals[Loss + 1];
        double figure = all > 0 ? mean + ((a.In(1)[0] - mean) * (weight / all)) : mean;
        (totals[Loss], totals[Loss + 1]) = (figure, 0);
        (totals[Weight], totals[Weight + 1]) = (all, 0);
        (totals[Correct], totals[Correct + 1]) = (totals[Correct] + totals[Correct + 1] + correct, 0);
        (totals[Samples], totals[Samples + 1]) = (totals[Samples] + totals[Samples + 1] + SampleCount, 0);
        (totals[Judged], totals[Judged + 1]) = (totals[Judged] + totals[Judged + 1] + judged, 0);
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* totals = b.Updated(0), loss = b.In(1), scores = Classes ? b.In(2) : null, own = Weighted ? b.In(WeightAt) : null, counts = Counted ? b.In(2) : null;
        int* labels = Classes ? b.InInt(3) : null;
        int k = Classes ? b.InShape(2)[1] : 0;
        b.Serial(() =>
        {
            double weight = own is null ? SampleCount : own[0], all = Sum(totals + Weight) + weight, mean = Sum(totals + Loss);
            double correct = counts is null ? 0 : counts[0], judged = counts is null ? SampleCount : counts[1];
            for (int i = 0; i < SampleCount && labels is not null; i++)
                correct += Predicted(new ReadOnlySpan<float>(scores + ((long)i * k), k)) == labels[i] ? 1 : 0;
            Set(totals + Loss, all > 0 ? mean + ((loss[0] - mean) * (weight / all)) : mean);
            Set(totals + Weight, all);
            Set(totals + Correct, Sum(totals + Correct) + correct);
            Set(totals + Samples, Sum(totals + Samples) + SampleCount);
            Set(totals + Judged, Sum(totals + Judged) + judged);
        });
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> totals = b.Updated(0), loss = b.In(1), weight = Weighted ? b.In(WeightAt) : loss.SubView(0, 0), counts = Counted ? b.In(2) : loss.SubView(0, 0);
        int rows = Classes ? SampleCount : 0, samples = SampleCount;
        KernelScratchRegion right = b.Scratch(Math.Max(1, rows));
        if (Classes)
            AddRight(b, right);
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int>(RowLossKernels.AddTotals, RowTeams.Specialization);
        var config = new KernelConfig(1, RowTeams.Threads);
        b.Launch(() => run(config, totals, loss, right.View, counts, weight, rows, samples));
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

    private static unsafe double Sum(float* pair) => (double)pair[0] + pair[1];

    private static unsafe void Set(float* pair, double value) => (pair[0], pair[1]) = ((float)value, (float)(value - (float)value));

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
