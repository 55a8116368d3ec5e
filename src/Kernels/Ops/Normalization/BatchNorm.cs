using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// Batch normalisation in training (Ioffe and Szegedy, 2015): each channel by the mean and the biased variance of the batch.
/// The running statistics move by <paramref name="Momentum"/> towards the batch's mean and its unbiased variance, as PyTorch's do.
/// </summary>
/// <remarks>
/// Inputs: x [N, C, …], running mean [C] (changed), running variance [C] (changed), γ [C] and β [C] if affine. Outputs: y as x,
/// mean [C], inverse standard deviation [C]; the last two are for the gradient and carry none themselves.
/// </remarks>
/// <param name="Epsilon">Added to the variance.</param>
/// <param name="Momentum">running ← (1 - momentum)·running + momentum·batch.</param>
/// <param name="Affine">Whether γ and β are inputs.</param>
public sealed record BatchNorm(double Epsilon = 1e-5, double Momentum = 0.1, bool Affine = true) : NormOp(Epsilon, Affine)
{
    private static readonly int[] Changed = [1, 2];

    public override ReadOnlySpan<int> Updates => Changed;

    protected override int GammaInput => 3;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        ChannelLayout layout = ChannelLayout.Of(inputs[0].Shape);
        var channels = new Shape(layout.C);
        CheckInputs(inputs, channels);
        Expect.Shape(inputs[1], channels, "running mean");
        Expect.Shape(inputs[2], channels, "running variance");
        Expect.That(
            layout.PerChannel > 1,
            $"Batch norm needs more than one value a channel to train on; 'x' has shape {inputs[0].Shape}. Use another batch size, leave a last batch of one out (data.drop-last: true), or use layer norm.");
        return [inputs[0], new TensorType(channels), new TensorType(channels)];
    }

    public override void Differentiate(Backprop b)
    {
        var op = new BatchNormGradient(Epsilon, Affine, Fixed: false);
        BatchNormGradient.Give(b, op, GammaInput, b.Output(1), b.Output(2));
    }

    public override void Reference(ReferenceArguments a)
    {
        RefuseEpilogue();
        ChannelLayout layout = ChannelLayout.Of(a.InShape(0));
        ReadOnlySpan<double> x = a.In(0);
        var values = new double[layout.PerChannel];
        for (int c = 0; c < layout.C; c++)
        {
            for (int n = 0; n < layout.N; n++)
                x.Slice((int)layout.Plane(n, c), layout.Inner).CopyTo(values.AsSpan(n * layout.Inner));
            Moments moments = Moments.Of(values);
            double mean = a.Out(1)[c] = moments.Mean;
            double inverse = a.Out(2)[c] = moments.InverseDeviation(Epsilon);
            a.Updated(1)[c] = ((1 - Momentum) * a.Updated(1)[c]) + (Momentum * moments.Mean);
            a.Updated(2)[c] = ((1 - Momentum) * a.Updated(2)[c]) + (Momentum * moments.UnbiasedVariance);
            for (int i = 0; i < values.Length; i++)
            {
                double normal = (values[i] - mean) * inverse;
                a.Out()[(int)layout.Plane(i / layout.Inner, c) + (i % layout.Inner)] = Affine ? (normal * a.In(3)[c]) + a.In(4)[c] : normal;
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        ChannelLayout layout = ChannelLayout.Of(b.InShape(0));
        float* x = b.In(0), runningMean = b.Updated(1), runningVariance = b.Updated(2), mean = b.Out(1), inverse = b.Out(2);
        // Called once per channel, by the worker that has its statistics.
        void Finish(int channel, Moments moments)
        {
            mean[channel] = (float)moments.Mean;
            inverse[channel] = (float)moments.InverseDeviation(Epsilon);
            runningMean[channel] = (float)(((1 - Momentum) * runningMean[channel]) + (Momentum * moments.Mean));
            runningVariance[channel] = (float)(((1 - Momentum) * runningVariance[channel]) + (Momentum * moments.UnbiasedVariance));
        }
        var normalize = new ChannelNormalize(layout, x, new Center(mean, inverse), AffineOf(b), b.Out(), EpilogueOf(b));
        new CpuChannelStatistics(layout, x, Finish).Add(b, normalize);
    }

    private protected override void AddPasses<M, A>(KernelBinding b, Finish<M> finish, A affine)
    {
        ChannelLayout layout = ChannelLayout.Of(b.InShape(0));
        ArrayView<float> x = b.In(0), y = b.Out(), mean = b.Out(1), inverse = b.Out(2);
        var batch = new Statistics(mean, inverse, layout.PerChannel, (float)Epsilon);
        var running = new RunningStatistics(batch, b.Updated(1), b.Updated(2), layout.PerChannel, (float)Momentum);
        var normalize = new NormalizeChannels<M, A>(x, y, mean, Spread.OfInverses(inverse), affine, finish);
        new ChannelPasses(b, layout).SumAndMap(() => new Distances(x), () => running, () => normalize);
    }
}
