using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using GpuGrad.Kernels.Ops.Elementwise;
using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Ops.Convolutions;

// A convolution, its transpose and its weight gradient are implicit GEMMs: the im2col matrix is never stored, these operands
// read its elements from the image. A thread computes the position of an output (n, p, q) once; the offset of a step (c, r, s) of
// the sum comes from a table.

/// <summary>A step of a convolution's sum: a channel of the group and a tap. All fields are offsets.</summary>
/// <param name="Offset">Floats from the start of an output's window to the pixel.</param>
/// <param name="Row">Rows from the start of the window.</param>
/// <param name="Column">Columns from the start of the window.</param>
/// <param name="Weight">Floats from a filter's first weight to this one; negative beyond the last step.</param>
internal readonly record struct KernelTap(int Offset, int Row, int Column, int Weight);

/// <summary>Finds the windows of a pass's outputs in the images [N, channels, H, W] that a correlation reads.</summary>
internal readonly struct WindowNumbers(Correlation c, CorrelationPass pass)
{
    public readonly int Count = checked(c.Images * pass.Rows * pass.Columns), Channels = c.Groups * c.SourceChannels, GroupChannels = c.SourceChannels;
    public readonly int H = c.Source.H, W = c.Source.W, StepH = c.SourceStep.H, StepW = c.SourceStep.W;
    public readonly Divisor Pixels = new(pass.Rows * pass.Columns), Row = new(pass.Columns);

    /// <summary>Start of the i-th output's window, before padding.</summary>
    public Place Find(int group, int i)
    {
        int n = Pixels.Quotient(i), pixel = i - (n * Pixels.Value), row = Row.Quotient(pixel), column = pixel - (row * Row.Value);
        (row, column) = (row * StepH, column * StepW);
        return new Place((((((n * Channels) + (group * GroupChannels)) * H) + row) * W) + column, row, column);
    }

    /// <summary>A pixel of a window; 0 outside the image.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Pixel(ArrayView<float> x, int offset, int row, int column) => (uint)row < (uint)H && (uint)column < (uint)W ? x[offset] : 0f;
}

/// <summary>The input element of output i = (n, p, q) at step k = (c, r, s).</summary>
internal readonly struct Windows(ArrayView<float> x, ArrayView<KernelTap> taps, WindowNumbers z) : IOperand
{
    public static bool AlongK => false;

    public static bool HasBeside => false;

    public Place Find(int group, int i) => z.Find(group, i < z.Count ? i : 0);

    // The table continues beyond the last step, with rows outside every image.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float At(Place place, int k)
    {
        KernelTap tap = taps[k];
        return z.Pixel(x, place.At + tap.Offset, place.Row + tap.Row, place.Column + tap.Column);
    }

    public Float4 Load(Place place, int k) => Fours.Of(this, place, k);

    public Float4 Beside(Place place, int k) => Fours.Zero;
}

/// <summary><see cref="Windows"/> transposed: the sum goes over the outputs, as in the gradient of the weights.</summary>
internal readonly struct WindowColumns(ArrayView<float> x, ArrayView<KernelTap> taps, int columns, WindowNumbers z) : IOperand
{
    public static bool AlongK => true;

    public static bool HasBeside => false;

    public Place Find(int group, int i)
    {
        KernelTap tap = taps[i < columns ? i : 0];
        return new Place((group * z.GroupChannels * z.H * z.W) + tap.Offset, tap.Row, tap.Column);
    }

    public float At(Place place, int k)
    {
        if (k >= z.Count)
            return 0f;
        Place window = z.Find(0, k);
        return z.Pixel(x, window.At + place.At, window.Row + place.Row, window.Column + place.Column);
    }

    // For four outputs of one row the position is computed once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Load(Place place, int k)
    {
        if (k >= z.Count)
            return Fours.Zero;
        Place window = z.Find(0, k);
        int at = window.At + place.At, row = window.Row + place.Row, column = window.Column + place.Column, step = z.StepW;
        if (window.Column + (3 * step) < z.Row.Value * step)
        {
            return new Float4(
                z.Pixel(x, at, row, column), z.Pixel(x, at + step, row, column + step),
                z.Pixel(x, at + (2 * step), row, column + (2 * step)), z.Pixel(x, at + (3 * step), row, column + (3 * step)));
        }
        return new Float4(z.Pixel(x, at, row, column), At(place, k + 1), At(place, k + 2), At(place, k + 3));
    }

    public Float4 Beside(Place place, int k) => Fours.Zero;
}

/// <summary>The weights in a transposed convolution: i is the channel, k the filter and tap.</summary>
internal readonly struct ChannelFilters(ArrayView<float> w, ArrayView<KernelTap> taps, int channels, int channelStride, int groupStride) : IOperand
{
    public static bool AlongK => true;

    public static bool HasBeside => false;

    public Place Find(int group, int i) => new((group * groupStride) + ((i < channels ? i : 0) * channelStride));

    public float At(Place place, int k)
    {
        int weight = taps[k].Weight;
        return weight >= 0 ? w[place.At + weight] : 0f;
    }

    public Float4 Load(Place place, int k) => Fours.Of(this, place, k);

    public Float4 Beside(Place place, int k) => Fours.Zero;
}

/// <summary>Images [N, channels, pixels] as a matrix: i is a channel of the group, k a pixel of the batch.</summary>
/// <param name="aligned">Whether every channel is aligned to 16 bytes.</param>
internal readonly struct ChannelPixels(ArrayView<float> x, int images, int channels, int groupChannels, Divisor pixels, int aligned) : IOperand
{
    public static bool AlongK => true;

    public static bool HasBeside => false;

    public Place Find(int group, int i) => new(((group * groupChannels) + (i < groupChannels ? i : 0)) * pixels.Value);

    public float At(Place place, int k)
    {
        int n = pixels.Quotient(k);
        return n < images ? x[place.At + k + (n * (channels - 1) * pixels.Value)] : 0f;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Load(Place place, int k)
    {
        int n = pixels.Quotient(k), at = place.At + k + (n * (channels - 1) * pixels.Value);
        if (n >= images)
            return Fours.Zero;
        if (aligned != 0)
            return x.Cast<Float4>()[at >> 2];
        return k - (n * pixels.Value) + 3 < pixels.Value
            ? new Float4(x[at], x[at + 1], x[at + 2], x[at + 3])
            : new Float4(x[at], At(place, k + 1), At(place, k + 2), At(place, k + 3));
    }

    public Float4 Beside(Place place, int k) => Fours.Zero;
}

/// <summary>The same for a sum over the channels, as in a 1×1 convolution: i is the pixel, k the channel. Channels must be aligned to 16 bytes.</summary>
internal readonly struct PixelChannels(ArrayView<float> x, int images, int channels, int groupChannels, Divisor pixels) : IOperand
{
    public static bool AlongK => false;

    public static bool HasBeside => true;

    public Place Find(int group, int i)
    {
        int n = pixels.Quotient(i < images * pixels.Value ? i : 0), pixel = i < images * pixels.Value ? i - (n * pixels.Value) : 0;
        return new Place((((n * channels) + (group * groupChannels)) * pixels.Value) + pixel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float At(Place place, int k) => k < groupChannels ? x[place.At + (k * pixels.Value)] : 0f;

    public Float4 Load(Place place, int k) => Fours.Of(this, place, k);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Beside(Place place, int k) => k < groupChannels ? x.Cast<Float4>()[(place.At + (k * pixels.Value)) >> 2] : Fours.Zero;
}

/// <summary>Stores images [N, channels, pixels], with a bias per channel: m is a channel of the group, n a pixel of the batch.</summary>
/// <param name="aligned">Whether every channel is aligned to 16 bytes.</param>
internal readonly struct ImageResult<M>(ArrayView<float> y, int channels, int groupChannels, Divisor pixels, int aligned, Finish<M> finish) : IResult where M : struct, IMap
{
    public bool HasFours => aligned != 0;

    public void Store(int group, int part, int m, int n, float sum)
    {
        int channel = (group * groupChannels) + m, at = At(channel, n);
        y[at] = finish.Apply(at, channel, sum);
    }

    public void StoreFour(int group, int part, int m, int n, Float4 sums)
    {
        int channel = (group * groupChannels) + m, at = At(channel, n);
        y.Cast<Float4>()[at >> 2] = finish.Apply(at, channel, sums);
    }

    private int At(int channel, int n)
    {
        int image = pixels.Quotient(n);
        return n + ((image * (channels - 1)) + channel) * pixels.Value;
    }
}

/// <summary>Stores some pixels of images [N, channels, H, W]: those of one pass of a strided transposed convolution.</summary>
internal readonly struct PassResult<M>(ArrayView<float> y, PassNumbers z, Finish<M> finish) : IResult where M : struct, IMap
{
    public bool HasFours => false;

    public void Store(int group, int part, int m, int n, float sum)
    {
        int channel = (group * z.GroupChannels) + m, at = z.At(channel, n);
        y[at] = finish.Apply(at, channel, sum);
    }

    public void StoreFour(int group, int part, int m, int n, Float4 sums)
    {
    }
}

/// <summary>Output locations of a pass of a correlation.</summary>
internal readonly struct PassNumbers(Correlation c, CorrelationPass pass)
{
    public readonly int Channels = c.Groups * c.TargetChannels, GroupChannels = c.TargetChannels;
    public readonly int H = c.Target.H, W = c.Target.W, StepH = c.TargetStep.H, StepW = c.TargetStep.W, StartH = pass.StartH, StartW = pass.StartW;
    public readonly Divisor Pixels = new(pass.Rows * pass.Columns), Row = new(pass.Columns);

    public int At(int channel, int n)
    {
        int image = Pixels.Quotient(n), pixel = n - (image * Pixels.Value), row = Row.Quotient(pixel), column = pixel - (row * Row.Value);
        return (((((image * Channels) + channel) * H) + StartH + (row * StepH)) * W) + StartW + (column * StepW);
    }
}
