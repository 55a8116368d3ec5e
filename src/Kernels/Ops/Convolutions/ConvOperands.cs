using GpuGrad.Kernels.Devices.Accelerated;
using GpuGrad.Kernels.Devices.Accelerated.Products;
using GpuGrad.Kernels.Ops.Elementwise;
using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Ops.Convolutions;

// A convolution is a product of the filters with the windows they see. No matrix of windows is ever made: these operands
// find each of its elements in the image when a tile is fetched.

/// <summary>The sizes of a convolution as kernels get them.</summary>
internal readonly struct ConvNumbers(ConvSizes z)
{
    public readonly int N = z.N, C = z.C, H = z.H, W = z.W, K = z.K, P = z.P, Q = z.Q, GroupC = z.GroupC, GroupK = z.GroupK;
    public readonly int StrideH = z.Geometry.Stride.H, StrideW = z.Geometry.Stride.W, DilationH = z.Geometry.Dilation.H, DilationW = z.Geometry.Dilation.W;
    public readonly int Top = z.Geometry.Padding.Top, Left = z.Geometry.Padding.Left;
    public readonly Divisor InputPixels = new(z.H * z.W), InputRow = new(z.W), OutputPixels = new(z.P * z.Q), OutputRow = new(z.Q);
    public readonly Divisor Kernel = new(z.R * z.S), KernelRow = new(z.S);
    public readonly Divisor DivideStrideH = new(z.Geometry.Stride.H), DivideStrideW = new(z.Geometry.Stride.W);

    /// <summary>The input pixel that the output pixel (n, p, q) sees through element (c, r, s) of a filter; 0 beyond the image.</summary>
    public float Window(ArrayView<float> x, int group, int n, int pixel, int c, int r, int s)
    {
        int p = OutputRow.Quotient(pixel), q = pixel - (p * Q);
        int h = (p * StrideH) + (r * DilationH) - Top, w = (q * StrideW) + (s * DilationW) - Left;
        bool inside = h >= 0 && h < H && w >= 0 && w < W;
        return inside ? x[((((n * C) + (group * GroupC) + c) * H) + h) * W + w] : 0f;
    }
}

/// <summary>The filters of a group, one a row: w[K, C/groups · R·S].</summary>
internal readonly struct Filters(ArrayView<float> w, int rows, int columns) : IOperand
{
    public static bool AlongK => true;

    public float At(int group, int i, int k) => i < rows && k < columns ? w[(((group * rows) + i) * columns) + k] : 0f;

    public Float4 Four(int group, int i, int k) => Fours.Of(this, group, i, k);
}

/// <summary>The filters of a group seen from a channel: i is the channel, k the filter and the element of its kernel.</summary>
internal readonly struct ChannelFilters(ArrayView<float> w, ConvNumbers z) : IOperand
{
    public static bool AlongK => true;

    public float At(int group, int i, int k)
    {
        int filter = z.Kernel.Quotient(k), element = k - (filter * z.Kernel.Value);
        return i < z.GroupC && filter < z.GroupK ? w[(((((group * z.GroupK) + filter) * z.GroupC) + i) * z.Kernel.Value) + element] : 0f;
    }

    public Float4 Four(int group, int i, int k) => Fours.Of(this, group, i, k);
}

/// <summary>What each output pixel i = (n, p, q) sees through element k = (c, r, s) of a filter.</summary>
internal readonly struct Windows(ArrayView<float> x, ConvNumbers z) : IOperand
{
    public static bool AlongK => false;

    public float At(int group, int i, int k)
    {
        int c = z.Kernel.Quotient(k), element = k - (c * z.Kernel.Value), r = z.KernelRow.Quotient(element), s = element - (r * z.KernelRow.Value);
        int n = z.OutputPixels.Quotient(i);
        return n < z.N && c < z.GroupC ? z.Window(x, group, n, i - (n * z.OutputPixels.Value), c, r, s) : 0f;
    }

    public Float4 Four(int group, int i, int k) => Fours.Of(this, group, i, k);
}

/// <summary><see cref="Windows"/> with the roles exchanged: the sum goes over the pixels, as in the gradient of the weights.</summary>
internal readonly struct WindowColumns(ArrayView<float> x, ConvNumbers z) : IOperand
{
    public static bool AlongK => true;

    public float At(int group, int i, int k) => new Windows(x, z).At(group, k, i);

    public Float4 Four(int group, int i, int k) => Fours.Of(this, group, i, k);
}

/// <summary>The gradient of the output: i is the filter, k the pixel (n, p, q).</summary>
internal readonly struct OutputGradients(ArrayView<float> dy, ConvNumbers z) : IOperand
{
    public static bool AlongK => true;

    public float At(int group, int i, int k)
    {
        int n = z.OutputPixels.Quotient(k), pixel = k - (n * z.OutputPixels.Value);
        return i < z.GroupK && n < z.N ? dy[(((n * z.K) + (group * z.GroupK) + i) * z.OutputPixels.Value) + pixel] : 0f;
    }

    public Float4 Four(int group, int i, int k) => Fours.Of(this, group, i, k);
}

/// <summary>What reaches input pixel i = (n, h, w) from the output through element k = (filter, r, s): 0 where the stride skips it.</summary>
internal readonly struct ReversedWindows(ArrayView<float> y, ConvNumbers z) : IOperand
{
    public static bool AlongK => false;

    public float At(int group, int i, int k)
    {
        int filter = z.Kernel.Quotient(k), element = k - (filter * z.Kernel.Value), r = z.KernelRow.Quotient(element), s = element - (r * z.KernelRow.Value);
        int n = z.InputPixels.Quotient(i), pixel = i - (n * z.InputPixels.Value), h = z.InputRow.Quotient(pixel), w = pixel - (h * z.W);
        if (n >= z.N || filter >= z.GroupK)
            return 0f;
        int down = h + z.Top - (r * z.DilationH), along = w + z.Left - (s * z.DilationW);
        if (down < 0 || along < 0)
            return 0f;
        int p = z.DivideStrideH.Quotient(down), q = z.DivideStrideW.Quotient(along);
        bool hit = p * z.StrideH == down && q * z.StrideW == along && p < z.P && q < z.Q;
        return hit ? y[((((n * z.K) + (group * z.GroupK) + filter) * z.P) + p) * z.Q + q] : 0f;
    }

    public Float4 Four(int group, int i, int k) => Fours.Of(this, group, i, k);
}

/// <summary>Images [N, channels, pixels]: m is a channel of the group, n the pixel (image, pixel). A bias for each channel.</summary>
internal readonly struct ImageResult<M>(ArrayView<float> y, int channels, int groupChannels, Divisor pixels, Finish<M> finish) : IResult where M : struct, IMap
{
    public void Store(int group, int part, int m, int n, float sum)
    {
        int image = pixels.Quotient(n), channel = (group * groupChannels) + m;
        int at = (((image * channels) + channel) * pixels.Value) + n - (image * pixels.Value);
        y[at] = finish.Apply(at, channel, sum);
    }
}

/// <summary>Weights: m is a filter of the group, n the place in it.</summary>
internal readonly struct WeightResult(ArrayView<float> dw, int rows, int columns) : IResult
{
    public void Store(int group, int part, int m, int n, float sum) => dw[(((group * rows) + m) * columns) + n] = sum;
}
