using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// dβ = Σ dy, dγ = Σ dy·x̂, dx = γ/σ·(dy - mean(dy) - x̂·mean(dy·x̂)); if the statistics do not depend on x, dx = γ/σ·dy.
/// </summary>
/// <remarks>
/// Inputs: dy and x [N, C, …], mean [C], inverse standard deviation [C] (if <paramref name="Fixed"/>: variance [C]), γ [C] if
/// affine. Outputs: dx, and if affine dγ [C], dβ [C].
/// </remarks>
public sealed record BatchNormGradient(double Epsilon, bool Affine, bool Fixed) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Affine ? 5 : 4, Name);
        Expect.Shape(inputs[1], inputs[0].Shape, "x");
        return Affine ? [inputs[1], inputs[2], inputs[2]] : [inputs[1]];
    }

    public override Cost Cost(Node node) => new(11.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    /// <summary>Adds the op for the node being differentiated, whose input 0 is x.</summary>
    internal static void Give(Backprop b, BatchNormGradient op, int gammaInput, Tensor mean, Tensor spread)
    {
        Tensor[] shared = [b.Gradient(), b.Input(0), mean, spread];
        IReadOnlyList<Tensor> found = b.Graph.AddAll(op, op.Affine ? [.. shared, b.Input(gammaInput)] : shared);
        if (b.Needs(0))
            b.Give(0, found[0]);
        for (int i = 0; op.Affine && i < 2; i++)
        {
            if (b.Needs(gammaInput + i))
                b.Give(gammaInput + i, found[1 + i]);
        }
    }

    public override void Reference(ReferenceArguments a)
    {
        ChannelLayout layout = ChannelLayout.Of(a.InShape(0));
        for (int c = 0; c < layout.C; c++)
        {
            double mean = a.In(2)[c], inverse = Fixed ? 1 / Math.Sqrt(a.In(3)[c] + Epsilon) : a.In(3)[c], gamma = Affine ? a.In(4)[c] : 1;
            double sum = 0, product = 0;
            for (int k = 0; k < layout.PerChannel; k++)
            {
                int i = Place(layout, c, k);
                sum += a.In(0)[i];
                product += a.In(0)[i] * (a.In(1)[i] - mean) * inverse;
            }
            double m1 = Fixed ? 0 : sum / layout.PerChannel, m2 = Fixed ? 0 : product / layout.PerChannel;
            for (int k = 0; k < layout.PerChannel; k++)
            {
                int i = Place(layout, c, k);
                a.Out()[i] = gamma * inverse * (a.In(0)[i] - m1 - ((a.In(1)[i] - mean) * inverse * m2));
            }
            if (Affine)
                (a.Out(1)[c], a.Out(2)[c]) = (product, sum);
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        ChannelLayout layout = ChannelLayout.Of(b.InShape(0));
        var gradient = new ChannelGradient(layout, Fixed, b.Scratch(ChannelGradient.ScratchOf(layout)))
        {
            Dy = b.In(0),
            X = b.In(1),
            Mean = b.In(2),
            Inverse = Fixed ? null : b.In(3),
            Gamma = Affine ? b.In(4) : null,
            Dx = b.Out(0),
            Affine = Affine ? new Affine(b.Out(1), b.Out(2)) : default,
        };
        if (Fixed)
        {
            float* variance = b.In(3);
            b.Serial(() => BatchNormInference.InverseDeviations(variance, layout.C, Epsilon, gradient.FixedInverse));
        }
        gradient.Add(b);
    }

    public override void Kernel(KernelBinding b)
    {
        if (Affine)
            AddPasses(b, new ChannelAffine(b.In(4), b.In(4)));
        else
            AddPasses(b, new PlainAffine(1));
    }

    private void AddPasses<A>(KernelBinding b, A affine) where A : struct, IAffine
    {
        ChannelLayout layout = ChannelLayout.Of(b.InShape(0));
        var passes = new ChannelPasses(b, layout);
        ArrayView<float> dy = b.In(0), x = b.In(1), dx = b.Out(), mean = b.In(2);
        Spread spread = Fixed ? Spread.OfVariances(b.In(3), Epsilon) : Spread.OfInverses(b.In(3));
        InputGradient<A> Gradient(ArrayView<float> sums, ArrayView<float> products) =>
            new(dy, x, dx, mean, spread, new TotalMeans(sums, products, Fixed ? 0 : layout.PerChannel), affine);
        if (Affine)
        {
            ArrayView<float> dgamma = b.Out(1), dbeta = b.Out(2);
            passes.SumAndMap(() => new GammaProducts<PlainAffine>(dy, x, mean, new PlainAffine(1)), () => new Totals(dbeta, dgamma, spread), () => Gradient(dbeta, dgamma));
        }
        else if (Fixed)
            passes.Map(() => Gradient(mean, mean));
        else
        {
            KernelScratchRegion scratch = b.Scratch(2L * layout.C);
            ArrayView<float> Row(int row) => scratch.View.SubView(row * layout.C, layout.C);
            passes.SumAndMap(() => new GammaProducts<PlainAffine>(dy, x, mean, new PlainAffine(1)), () => new Totals(Row(0), Row(1), spread), () => Gradient(Row(0), Row(1)));
        }
    }

    private static int Place(ChannelLayout layout, int channel, int k) => (int)layout.Plane(k / layout.Inner, channel) + (k % layout.Inner);
}
