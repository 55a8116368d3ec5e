using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>dx = γ/σ·(dy - m₁ - x̂·m₂), the gradient of a batch norm once the means m₁ of dy and m₂ of dy·x̂ over the whole batch are known.</summary>
/// <remarks>Inputs: dy and x [N, C, …], mean [C], variance [C], m₁ [C], m₂ [C], γ [C] if affine. Output: dx.</remarks>
public sealed record BatchNormInput(double Epsilon, bool Affine) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Affine ? 7 : 6, Name);
        Expect.Shape(inputs[1], inputs[0].Shape, "x");
        return [inputs[1]];
    }

    public override Cost Cost(Node node) => new(6.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        ChannelLayout layout = ChannelLayout.Of(a.InShape(0));
        for (int i = 0; i < a.Out().Length; i++)
        {
            int c = i / layout.Inner % layout.C;
            double inverse = 1 / Math.Sqrt(a.In(3)[c] + Epsilon), gamma = Affine ? a.In(6)[c] : 1;
            a.Out()[i] = gamma * inverse * (a.In(0)[i] - a.In(4)[c] - ((a.In(1)[i] - a.In(2)[c]) * inverse * a.In(5)[c]));
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        ChannelLayout layout = ChannelLayout.Of(b.InShape(0));
        float* variance = b.In(3), first = b.In(4), second = b.In(5), gamma = Affine ? b.In(6) : null;
        var gradient = new ChannelGradient(layout, isFixed: false, b.Scratch(ChannelGradient.ScratchOf(layout)))
        {
            Dy = b.In(0),
            X = b.In(1),
            Mean = b.In(2),
            Inverse = null,
            Gamma = gamma,
            Dx = b.Out(0),
            Affine = default,
        };
        b.Serial(() =>
        {
            BatchNormInference.InverseDeviations(variance, layout.C, Epsilon, gradient.FixedInverse);
            for (int c = 0; c < layout.C; c++)
            {
                float scale = gamma is null ? 1 : gamma[c];
                (gradient.Mean1[c], gradient.Mean2[c]) = (scale * first[c], scale * second[c]);
            }
        });
        gradient.AddGradients(b);
    }

    public override void Kernel(KernelBinding b)
    {
        if (Affine)
            AddPass(b, new ChannelAffine(b.In(6), b.In(6)));
        else
            AddPass(b, new PlainAffine(1));
    }

    private void AddPass<A>(KernelBinding b, A affine) where A : struct, IAffine
    {
        var gradient = new InputGradient<A>(b.In(0), b.In(1), b.Out(), b.In(2), Spread.OfVariances(b.In(3), Epsilon), new TotalMeans(b.In(4), b.In(5), 1), affine);
        new ChannelPasses(b, ChannelLayout.Of(b.InShape(0))).Map(() => gradient);
    }
}
