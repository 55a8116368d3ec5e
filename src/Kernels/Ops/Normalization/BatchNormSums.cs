using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// Sums over all samples for the gradient of a batch norm: dγ = Σ dy·x̂ and dβ = Σ dy of this part of the batch, and the means of dy and of dy·x̂ of
/// the whole batch.
/// </summary>
/// <remarks>Inputs: dy and x [N, C, …], mean [C], variance [C]. Outputs: dγ, dβ, mean of dy, mean of dy·x̂, [C] each.</remarks>
public sealed record BatchNormSums(double Epsilon) : Op, IPooled
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 4, Name);
        Expect.Shape(inputs[1], inputs[0].Shape, "x");
        Expect.Shape(inputs[2], new Shape(ChannelLayout.Of(inputs[0].Shape).C), "mean");
        Expect.Shape(inputs[3], inputs[2].Shape, "variance");
        return [inputs[2], inputs[2], inputs[2], inputs[2]];
    }

    public override Cost Cost(Node node) => new(5.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    int IPooled.SumLength(Node node) => 1 + (2 * node.Outputs[0].Shape.Count);

    void IPooled.ToSums(Node node, double[][] outputs, Span<double> sums)
    {
        sums[0] = ChannelLayout.Of(node.Inputs[0].Shape).PerChannel;
        outputs[1].CopyTo(sums[1..]);
        outputs[0].CopyTo(sums[(1 + outputs[1].Length)..]);
    }

    void IPooled.FromSums(ReadOnlySpan<double> sums, double[][] outputs)
    {
        int channels = outputs[2].Length;
        for (int c = 0; c < channels; c++)
            (outputs[2][c], outputs[3][c]) = (sums[1 + c] / sums[0], sums[1 + channels + c] / sums[0]);
    }

    public override void Reference(ReferenceArguments a)
    {
        ChannelLayout layout = ChannelLayout.Of(a.InShape(0));
        for (int c = 0; c < layout.C; c++)
        {
            double mean = a.In(2)[c], inverse = 1 / Math.Sqrt(a.In(3)[c] + Epsilon), sum = 0, product = 0;
            for (int k = 0; k < layout.PerChannel; k++)
            {
                int i = (int)layout.Plane(k / layout.Inner, c) + (k % layout.Inner);
                sum += a.In(0)[i];
                product += a.In(0)[i] * (a.In(1)[i] - mean) * inverse;
            }
            (a.Out(0)[c], a.Out(1)[c], a.Out(2)[c], a.Out(3)[c]) = (product, sum, sum / layout.PerChannel, product / layout.PerChannel);
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        ChannelLayout layout = ChannelLayout.Of(b.InShape(0));
        float* variance = b.In(3);
        var sums = new ChannelGradient(layout, isFixed: false, b.Scratch(ChannelGradient.ScratchOf(layout)))
        {
            Dy = b.In(0),
            X = b.In(1),
            Mean = b.In(2),
            Inverse = null,
            Gamma = null,
            Dx = null,
            Affine = new Affine(b.Out(0), b.Out(1)),
            Means = new Affine(b.Out(2), b.Out(3)),
        };
        b.Serial(() => BatchNormInference.InverseDeviations(variance, layout.C, Epsilon, sums.FixedInverse));
        sums.AddSums(b);
    }

    public override void Kernel(KernelBinding b)
    {
        ChannelLayout layout = ChannelLayout.Of(b.InShape(0));
        ArrayView<float> dy = b.In(0), x = b.In(1), mean = b.In(2);
        var result = new SumsAndMeans(new Totals(b.Out(1), b.Out(0), Spread.OfVariances(b.In(3), Epsilon)), b.Out(1), b.Out(0), b.Out(2), b.Out(3), layout.PerChannel);
        new ChannelPasses(b, layout).Sum(() => new GammaProducts<PlainAffine>(dy, x, mean, new PlainAffine(1)), () => result);
    }
}
