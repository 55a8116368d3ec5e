using GpuGrad.Kernels.Devices.Accelerated;
using GpuGrad.Kernels.Devices.Accelerated.Products;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Products;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// Convolutions as products, a product a group of channels. One channel a group (depthwise) is a product of one row, whose
/// kernel is the plain loop over the window.
/// </summary>
internal sealed class ConvolutionKernel(KernelBinding b, ConvSizes sizes, bool isTransposed, KernelEpilogue epilogue) : IMapUser
{
    public void Add() => epilogue.Accept(this);

    public void Use<M>(float constant) where M : struct, IMap
    {
        Finish<M> finish = epilogue.Bind<M>(b, constant);
        ConvSizes z = sizes;
        var numbers = new ConvNumbers(z);
        int kernel = z.R * z.S, groups = z.Geometry.Groups;
        if (isTransposed)
        {
            var result = new ImageResult<M>(b.Out(), z.C, z.GroupC, new Divisor(z.H * z.W), finish);
            KernelProduct.Add(b, z.GroupC, z.N * z.H * z.W, z.GroupK * kernel, groups, new ChannelFilters(b.In(1), numbers), new ReversedWindows(b.In(0), numbers), result);
        }
        else
        {
            var result = new ImageResult<M>(b.Out(), z.K, z.GroupK, new Divisor(z.P * z.Q), finish);
            KernelProduct.Add(b, z.GroupK, z.N * z.P * z.Q, z.GroupC * kernel, groups, new Filters(b.In(1), z.GroupK, z.GroupC * kernel), new Windows(b.In(0), numbers), result);
        }
    }

    /// <summary>The gradient in the weights, of input 0 as the images and input 1 as the gradient of the output.</summary>
    public static void AddWeightGradient(KernelBinding b, ConvSizes z)
    {
        var numbers = new ConvNumbers(z);
        int columns = z.GroupC * z.R * z.S;
        KernelProduct.Add(
            b, z.GroupK, columns, z.N * z.P * z.Q, z.Geometry.Groups,
            new OutputGradients(b.In(1), numbers), new WindowColumns(b.In(0), numbers), new WeightResult(b.Out(), z.GroupK, columns));
    }
}
