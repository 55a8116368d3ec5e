using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// The gradient of a convolution with respect to its weights: dw[k, c, r, s] = Σ x[n, c, p·stride + r·dilation - top, q·stride +
/// s·dilation - left] · dy[n, k, p, q] over the batch and the output. For a transposed convolution the roles
/// are exchanged: its incoming gradient is x, its input is dy.
/// </summary>
/// <remarks>Inputs: x [N, C, H, W], dy [N, K, P, Q]. Output: dw [K, C/groups, R, S].</remarks>
public sealed record ConvWeightGradient(ConvGeometry Geometry, int R, int S) : Op
{
    public override bool HasPrecision => true;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        return [new TensorType(ConvSizes.OfWeightGradient(Geometry, inputs[0], inputs[1], R, S).Weights)];
    }

    public override Cost Cost(Node node) => new(Sizes(node).Flops, node.BytesTouched);

    // dw is linear in x and in dy, so its own gradients are convolutions with the gradient of dw as the weights.
    public override void Differentiate(Backprop b)
    {
        Tensor x = b.Input(0), dy = b.Input(1), ddw = b.Gradient();
        if (b.Needs(0))
            b.Give(0, b.Graph.Add(new ConvTranspose2D(Geometry, x.Shape[2], x.Shape[3]), dy, ddw));
        if (b.Needs(1))
            b.Give(1, b.Graph.Add(new Conv2D(Geometry), x, ddw));
    }

    public override void Reference(ReferenceArguments a)
    {
        ConvSizes z = Sizes(a.Node);
        Span<double> dw = a.Out();
        for (int i = 0; i < dw.Length; i++)
        {
            int k = i / (z.GroupC * R * S), c = i / (R * S) % z.GroupC, r = i / S % R, s = i % S;
            dw[i] = At(z, a.In(0), a.In(1), k, c, r, s);
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        ConvSizes z = Sizes(b.Node);
        if (DepthwisePlane.Suits(z))
            new CpuDepthwiseGradient(b, z, b.In(0), b.In(1), b.Out()).AddPhases();
        else if (CpuPointwiseGradient.Suits(z))
            new CpuPointwiseGradient(b, z, b.In(0), b.In(1), b.Out()).AddPhases();
        else if (WinogradGradientBlocking.Suits(z))
            new CpuWinogradGradient(b, z, b.In(0), b.In(1), b.Out()).AddPhases();
        else if (LaneGradientBlocking.Suits(z))
            new CpuLaneGradient(b, z, b.In(0), b.In(1), b.Out()).AddPhases();
        else
            new CpuWeightGradient(b, z, b.In(0), b.In(1), b.Out()).AddPhases();
    }

    public override void Kernel(KernelBinding b) => ConvolutionKernel.AddWeightGradient(b, Correlation.Forward(Sizes(b.Node)));

    private static double At(ConvSizes z, ReadOnlySpan<double> x, ReadOnlySpan<double> dy, int k, int c, int r, int s)
    {
        ConvGeometry g = z.Geometry;
        int channel = (k / z.GroupK * z.GroupC) + c;
        double sum = 0;
        for (int n = 0; n < z.N; n++)
        {
            for (int p = 0; p < z.P; p++)
            {
                for (int q = 0; q < z.Q; q++)
                {
                    int h = (p * g.Stride.H) + (r * g.Dilation.H) - g.Padding.Top, v = (q * g.Stride.W) + (s * g.Dilation.W) - g.Padding.Left;
                    if (h >= 0 && h < z.H && v >= 0 && v < z.W)
                        sum += x[(((((n * z.C) + channel) * z.H) + h) * z.W) + v] * dy[(((((n * z.K) + k) * z.P) + p) * z.Q) + q];
                }
            }
        }
        return sum;
    }

    private ConvSizes Sizes(Node node) => ConvSizes.OfWeightGradient(Geometry, node.Inputs[0].Type, node.Inputs[1].Type, R, S);
}
