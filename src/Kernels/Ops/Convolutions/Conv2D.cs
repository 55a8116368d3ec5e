using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// Convolution as neural networks define it, a cross-correlation: y[n, k, p, q] = Σ x[n, c, p·stride + r·dilation - top, q·stride +
/// s·dilation - left] · w[k, c, r, s] over the channels c of the filter's group and its R×S taps; outside the image x is 0.
/// </summary>
/// <remarks>
/// Inputs: x [N, C, H, W], w [K, C/groups, R, S], bias [K] if any. Output: y [N, K, P, Q]. A signal [N, C, L] is an image of
/// height 1 with filters of height 1; K = groups·m filters over C = groups channels are a depthwise convolution.
/// </remarks>
public sealed record Conv2D(ConvGeometry Geometry, bool Bias = false) : ConvolutionOp(Geometry, Bias)
{
    public override void Differentiate(Backprop b)
    {
        Tensor x = b.Input(0), w = b.Input(1), dy = b.Gradient();
        if (b.Needs(0))
            b.Give(0, b.Graph.Add(new ConvTranspose2D(Geometry, x.Shape[2], x.Shape[3]), dy, w));
        if (b.Needs(1))
            b.Give(1, b.Graph.Add(new ConvWeightGradient(Geometry, w.Shape[2], w.Shape[3]), x, dy));
        if (Bias && b.Needs(2))
            b.Give(2, b.Graph.Add(new ChannelSum(1), dy));
    }

    public override void Reference(ReferenceArguments a)
    {
        RefuseEpilogue();
        ConvSizes z = Sizes(a.Node);
        Span<double> y = a.Out();
        for (int i = 0; i < y.Length; i++)
        {
            int n = i / (z.K * z.P * z.Q), k = i / (z.P * z.Q) % z.K, p = i / z.Q % z.P, q = i % z.Q;
            y[i] = (Bias ? a.In(2)[k] : 0) + At(z, a.In(0), a.In(1), n, k, p, q);
        }
    }

    public override void Cpu(CpuBinding b) => AddCpuPhases(b, transposed: false);

    public override void Kernel(KernelBinding b) => AddKernels(b, isTransposed: false);

    internal override ConvSizes Sizes(TensorType images, TensorType weights) => ConvSizes.OfForward(Geometry, images, weights);

    internal override Shape Result(ConvSizes sizes) => sizes.Y;

    private static double At(ConvSizes z, ReadOnlySpan<double> x, ReadOnlySpan<double> w, int n, int k, int p, int q)
    {
        ConvGeometry g = z.Geometry;
        int firstChannel = k / z.GroupK * z.GroupC;
        double sum = 0;
        for (int c = 0; c < z.GroupC; c++)
        {
            for (int r = 0; r < z.R; r++)
            {
                for (int s = 0; s < z.S; s++)
                {
                    int h = (p * g.Stride.H) + (r * g.Dilation.H) - g.Padding.Top, v = (q * g.Stride.W) + (s * g.Dilation.W) - g.Padding.Left;
                    if (h >= 0 && h < z.H && v >= 0 && v < z.W)
                        sum += x[(((((n * z.C) + firstChannel + c) * z.H) + h) * z.W) + v] * w[(((((k * z.GroupC) + c) * z.R) + r) * z.S) + s];
                }
            }
        }
        return sum;
    }
}
