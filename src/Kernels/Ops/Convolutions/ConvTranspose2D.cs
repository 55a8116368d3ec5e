using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// Transposed convolution: the transpose of <see cref="Conv2D"/> as a linear map, which is also its gradient with respect to x. Where a
/// convolution reads with weight w[k, c, r, s], this adds: y[n, c, p·stride + r·dilation - top, q·stride +
/// s·dilation - left] += x[n, k, p, q] · w[k, c, r, s].
/// </summary>
/// <remarks>
/// Inputs: x [N, K, P, Q], w [K, C/groups, R, S] (PyTorch's ConvTranspose2d calls these in_channels and out_channels/groups),
/// bias [C] if any. Output: y [N, C, Height, Width]; <see cref="ConvGeometry.TransposedOutput"/> gives height and width.
/// </remarks>
/// <param name="Geometry">Geometry of the convolution that this is the transpose of.</param>
/// <param name="Height">Rows of the output: with a stride above 1 several are possible for one P.</param>
/// <param name="Width">Columns of the output.</param>
/// <param name="Bias">Whether a bias is added to each channel of the output.</param>
public sealed record ConvTranspose2D(ConvGeometry Geometry, int Height, int Width, bool Bias = false) : ConvolutionOp(Geometry, Bias)
{
    public override void Differentiate(Backprop b)
    {
        Tensor x = b.Input(0), w = b.Input(1), dy = b.Gradient();
        if (b.Needs(0))
            b.Give(0, b.Graph.Add(new Conv2D(Geometry), dy, w));
        if (b.Needs(1))
            b.Give(1, b.Graph.Add(new ConvWeightGradient(Geometry, w.Shape[2], w.Shape[3]), dy, x));
        if (Bias && b.Needs(2))
            b.Give(2, b.Graph.Add(new ChannelSum(1), dy));
    }

    public override void Reference(ReferenceArguments a)
    {
        RefuseEpilogue();
        ConvSizes z = Sizes(a.Node);
        Span<double> y = a.Out();
        for (int i = 0; i < y.Length; i++)
            y[i] = Bias ? a.In(2)[i / (z.H * z.W) % z.C] : 0;
        ReadOnlySpan<double> x = a.In(0);
        for (int i = 0; i < x.Length; i++)
        {
            int n = i / (z.K * z.P * z.Q), k = i / (z.P * z.Q) % z.K, p = i / z.Q % z.P, q = i % z.Q;
            AddKernel(z, x[i], a.In(1), n, k, p, q, y);
        }
    }

    public override void Cpu(CpuBinding b) => AddCpuPhases(b, transposed: true);

    public override void Kernel(KernelBinding b) => AddKernels(b, isTransposed: true);

    internal override ConvSizes Sizes(TensorType images, TensorType weights) => ConvSizes.OfTransposed(Geometry, images, weights, Height, Width);

    internal override Shape Result(ConvSizes sizes) => sizes.X;

    private static void AddKernel(ConvSizes z, double x, ReadOnlySpan<double> w, int n, int k, int p, int q, Span<double> y)
    {
        ConvGeometry g = z.Geometry;
        int firstChannel = k / z.GroupK * z.GroupC;
        for (int c = 0; c < z.GroupC; c++)
        {
            for (int r = 0; r < z.R; r++)
            {
                for (int s = 0; s < z.S; s++)
                {
                    int h = (p * g.Stride.H) + (r * g.Dilation.H) - g.Padding.Top, v = (q * g.Stride.W) + (s * g.Dilation.W) - g.Padding.Left;
                    if (h >= 0 && h < z.H && v >= 0 && v < z.W)
                        y[(((((n * z.C) + firstChannel + c) * z.H) + h) * z.W) + v] += x * w[(((((k * z.GroupC) + c) * z.R) + r) * z.S) + s];
                }
            }
        }
    }
}
