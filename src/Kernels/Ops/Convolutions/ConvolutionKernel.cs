using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// A convolution or its transpose on the GPU as implicit GEMMs, one per pass and group of channels: weights [target channels, k] times
/// im2col [k, pixels], k = (source channel, tap). Groups of few channels (depthwise) use <see cref="DirectConvolution"/>.
/// </summary>
internal sealed class ConvolutionKernel(KernelBinding b, Correlation c, KernelEpilogue epilogue) : IMapVisitor
{
    public void Add() => epilogue.Accept(this);

    public void Visit<M>(float constant) where M : struct, IMap
    {
        Finish<M> finish = epilogue.Bind<M>(b, constant);
        foreach (CorrelationPass pass in c.Passes)
        {
            if (DirectConvolution.Suits(c))
                DirectConvolution.Add(b, c, pass, finish);
            else if (c.TargetStep == (1, 1))
                AddPass(pass, new ImageResult<M>(b.Out(), c.Groups * c.TargetChannels, c.TargetChannels, new Divisor(Pixels(c.Target)), IsAligned(c.Target, b.IsOutAligned()), finish));
            else
                AddPass(pass, new PassResult<M>(b.Out(), new PassNumbers(c, pass), finish));
        }
    }

    /// <summary>Adds the weight gradient, a sum over all pixels of the batch; input 0 is the images, input 1 the gradient of the output.</summary>
    public static void AddWeightGradient(KernelBinding b, Correlation c)
    {
        if (DirectConvolution.Suits(c))
        {
            DirectConvolution.AddWeightGradient(b, c);
            return;
        }
        int columns = c.SourceChannels * c.Passes[0].Taps.Count, pixels = Pixels(c.Target);
        var result = new GroupedResult(b.Out(), c.TargetChannels, columns, columns % 4 == 0 && b.IsOutAligned() ? 1 : 0);
        ChannelPixels gradients = Channels(b, 1, c.Images, c.TargetChannels, c.Groups, c.Target);
        int sum = checked(c.Images * pixels);
        if (c.IsPointwise)
            KernelGemm.Add(b, c.TargetChannels, columns, sum, c.Groups, gradients, Channels(b, 0, c.Images, c.SourceChannels, c.Groups, c.Source), result);
        else
            KernelGemm.Add(b, c.TargetChannels, columns, sum, c.Groups, gradients, new WindowColumns(b.In(0), Taps(b, c, c.Passes[0]), columns, new WindowNumbers(c, c.Passes[0])), result);
    }

    /// <summary>The table of a pass's steps, extended by as many as the longest round of a tile may read.</summary>
    public static ArrayView<KernelTap> Taps(KernelBinding b, Correlation c, CorrelationPass pass)
    {
        const int beyond = 64;
        var table = new KernelTap[(c.SourceChannels * pass.Taps.Count) + beyond];
        Array.Fill(table, new KernelTap(0, int.MinValue / 2, 0, -1));
        for (int channel = 0, k = 0; channel < c.SourceChannels; channel++)
        {
            foreach (Tap tap in pass.Taps)
                table[k++] = new KernelTap(checked((((channel * c.Source.H) + tap.H) * c.Source.W) + tap.W), tap.H, tap.W, (channel * c.SourceStride) + tap.Weight);
        }
        return b.Table<KernelTap>(table);
    }

    private static int Pixels((int H, int W) size) => checked(size.H * size.W);

    private static int IsAligned((int H, int W) size, bool begin) => begin && Pixels(size) % 4 == 0 ? 1 : 0;

    private static ChannelPixels Channels(KernelBinding b, int input, int images, int groupChannels, int groups, (int H, int W) size) =>
        new(b.In(input), images, groups * groupChannels, groupChannels, new Divisor(Pixels(size)), IsAligned(size, b.IsAligned(input)));

    private void AddPass<S>(CorrelationPass pass, S result) where S : struct, IResult
    {
        ArrayView<KernelTap> taps = Taps(b, c, pass);
        if (c.IsPointwise && IsAligned(c.Source, b.IsAligned(0)) != 0)
            AddWith(pass, taps, new PixelChannels(b.In(0), c.Images, c.Groups * c.SourceChannels, c.SourceChannels, new Divisor(Pixels(c.Source))), result);
        else
            AddWith(pass, taps, new Windows(b.In(0), taps, new WindowNumbers(c, pass)), result);
    }

    // The weights of a target channel are contiguous in a convolution; in a transposed one, those of a source channel are if filters
    // are 1×1. In other transposed convolutions they are scattered.
    private void AddWith<B, S>(CorrelationPass pass, ArrayView<KernelTap> taps, B right, S result) where B : struct, IOperand where S : struct, IResult
    {
        ArrayView<float> w = b.In(1);
        int k = c.SourceChannels * pass.Taps.Count, m = c.TargetChannels;
        bool aligned = b.IsAligned(1);
        if (c.SourceStride == pass.Taps.Count && c.TargetStride == k)
        {
            if (aligned && k % 4 == 0)
                AddGemm(pass, new AlignedRows(w, m, k), right, result);
            else
                AddGemm(pass, new Rows(w, m, k), right, result);
        }
        else if (c.SourceStride == m && c.TargetStride == 1 && pass.Taps.Count == 1)
        {
            if (aligned && m % 4 == 0)
                AddGemm(pass, new AlignedColumns(w, k, m), right, result);
            else
                AddGemm(pass, new Columns(w, k, m), right, result);
        }
        else
            AddGemm(pass, new ChannelFilters(w, taps, m, c.TargetStride, c.GroupStride), right, result);
    }

    private void AddGemm<A, B, S>(CorrelationPass pass, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult =>
        KernelGemm.Add(b, c.TargetChannels, checked(c.Images * pass.Rows * pass.Columns), c.SourceChannels * pass.Taps.Count, c.Groups, left, right, result);
}
