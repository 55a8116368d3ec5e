using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// The statistics of a batch that is distributed over several processes. Followed by <see cref="BatchNormInference"/> with
/// <see cref="BatchNormInference.OfBatch"/> it equals <see cref="BatchNorm"/>.
/// </summary>
/// <remarks>Input: x [N, C, …]. Outputs: mean, biased variance and unbiased variance, [C] each. They carry no gradient: the op that follows accounts for their dependence on x.</remarks>
public sealed record BatchMoments : Op, IPooled
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Expect.Element(inputs[0], ElementType.Real, "x");
        var channels = new TensorType(new Shape(ChannelLayout.Of(inputs[0].Shape).C));
        return [channels, channels, channels];
    }

    public override Cost Cost(Node node) => new(4.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    /// <summary>Number of values per channel in one sample.</summary>
    public static int ValuesOfSample(Shape x) => ChannelLayout.Of(x).Inner;

    int IPooled.SumLength(Node node) => 1 + (2 * node.Outputs[0].Shape.Count);

    // n, n·mean and Σ x² of each channel. In double: the mean is a float, whose square a double holds.
    void IPooled.ToSums(Node node, double[][] outputs, Span<double> sums)
    {
        double count = ChannelLayout.Of(node.Inputs[0].Shape).PerChannel;
        int channels = outputs[0].Length;
        sums[0] = count;
        for (int c = 0; c < channels; c++)
        {
            sums[1 + c] = count * outputs[0][c];
            sums[1 + channels + c] = count * (outputs[1][c] + (outputs[0][c] * outputs[0][c]));
        }
    }

    void IPooled.FromSums(ReadOnlySpan<double> sums, double[][] outputs)
    {
        double count = sums[0];
        int channels = outputs[0].Length;
        for (int c = 0; c < channels; c++)
        {
            double mean = outputs[0][c] = sums[1 + c] / count;
            outputs[1][c] = Math.Max(0, (sums[1 + channels + c] / count) - (mean * mean));
            outputs[2][c] = outputs[1][c] * (count / (count - 1));
        }
    }

    public override void Reference(ReferenceArguments a)
    {
        ChannelLayout layout = ChannelLayout.Of(a.InShape(0));
        var values = new double[layout.PerChannel];
        for (int c = 0; c < layout.C; c++)
        {
            for (int n = 0; n < layout.N; n++)
                a.In(0).Slice((int)layout.Plane(n, c), layout.Inner).CopyTo(values.AsSpan(n * layout.Inner));
            Moments moments = Moments.Of(values);
            (a.Out(0)[c], a.Out(1)[c], a.Out(2)[c]) = (moments.Mean, moments.Variance, Unbiased(moments));
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* mean = b.Out(0), variance = b.Out(1), unbiased = b.Out(2);
        void Finish(int channel, Moments moments) => (mean[channel], variance[channel], unbiased[channel]) = ((float)moments.Mean, (float)moments.Variance, (float)Unbiased(moments));
        new CpuChannelStatistics(ChannelLayout.Of(b.InShape(0)), b.In(0), Finish).Add(b);
    }

    public override void Kernel(KernelBinding b)
    {
        ChannelLayout layout = ChannelLayout.Of(b.InShape(0));
        ArrayView<float> x = b.In(0);
        var result = new MeanAndVariances(b.Out(0), b.Out(1), b.Out(2), layout.PerChannel);
        new ChannelPasses(b, layout).Sum(() => new Distances(x), () => result);
    }

    // A part with a single value has no variance; the whole batch has more.
    private static double Unbiased(Moments moments) => moments.Count > 1 ? moments.UnbiasedVariance : 0;
}
