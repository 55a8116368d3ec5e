using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// Batch normalisation outside training: each channel by its running statistics, which are not changed and have no gradient.
/// </summary>
/// <remarks>Inputs: x [N, C, …], running mean [C], running variance [C], γ [C] and β [C] if affine. Output: y as x.</remarks>
public sealed record BatchNormInference(double Epsilon = 1e-5, bool Affine = true) : NormOp(Epsilon, Affine)
{
    /// <summary>Whether mean and variance are those of x (<see cref="BatchMoments"/>): the gradient then flows through them, too.</summary>
    public bool OfBatch { get; init; }

    protected override int GammaInput => 3;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        var channels = new Shape(ChannelLayout.Of(inputs[0].Shape).C);
        CheckInputs(inputs, channels);
        Expect.Shape(inputs[1], channels, "running mean");
        Expect.Shape(inputs[2], channels, "running variance");
        return [inputs[0]];
    }

    public override void Differentiate(Backprop b)
    {
        if (OfBatch)
        {
            DifferentiateStatistics(b);
            return;
        }
        var op = new BatchNormGradient(Epsilon, Affine, Fixed: true);
        BatchNormGradient.Give(b, op, GammaInput, b.Input(1), b.Input(2));
    }

    private void DifferentiateStatistics(Backprop b)
    {
        Tensor dy = b.Gradient(), x = b.Input(0), mean = b.Input(1), variance = b.Input(2);
        IReadOnlyList<Tensor> sums = b.Graph.AddAll(new BatchNormSums(Epsilon), dy, x, mean, variance);
        if (b.Needs(0))
            b.Give(0, b.Graph.Add(new BatchNormInput(Epsilon, Affine), [dy, x, mean, variance, sums[2], sums[3], .. Affine ? new[] { b.Input(GammaInput) } : []]));
        for (int i = 0; Affine && i < 2; i++)
        {
            if (b.Needs(GammaInput + i))
                b.Give(GammaInput + i, sums[i]);
        }
    }

    public override void Reference(ReferenceArguments a)
    {
        RefuseEpilogue();
        ChannelLayout layout = ChannelLayout.Of(a.InShape(0));
        Span<double> y = a.Out();
        for (int i = 0; i < y.Length; i++)
        {
            int c = i / layout.Inner % layout.C;
            double normal = (a.In(0)[i] - a.In(1)[c]) / Math.Sqrt(a.In(2)[c] + Epsilon);
            y[i] = Affine ? (normal * a.In(3)[c]) + a.In(4)[c] : normal;
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        ChannelLayout layout = ChannelLayout.Of(b.InShape(0));
        float* mean = b.In(1), variance = b.In(2);
        ScratchRegion inverse = b.Scratch(layout.C);
        b.Serial(() => InverseDeviations(variance, layout.C, Epsilon, inverse.Pointer));
        var normalize = new ChannelNormalize(layout, b.In(0), default, AffineOf(b), b.Out(), EpilogueOf(b));
        ChannelNormalize.Add(b, layout, () => normalize.By(new Center(mean, inverse.Pointer)));
    }

    private protected override void AddPasses<M, A>(KernelBinding b, Finish<M> finish, A affine)
    {
        var normalize = new NormalizeChannels<M, A>(b.In(0), b.Out(), b.In(1), Spread.OfVariances(b.In(2), Epsilon), affine, finish);
        new ChannelPasses(b, ChannelLayout.Of(b.InShape(0))).Map(() => normalize);
    }

    internal static unsafe void InverseDeviations(float* variance, int count, double epsilon, float* inverse)
    {
        for (int c = 0; c < count; c++)
            inverse[c] = (float)(1 / Math.Sqrt(variance[c] + epsilon));
    }
}
