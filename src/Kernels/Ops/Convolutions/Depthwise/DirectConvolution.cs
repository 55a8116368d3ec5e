using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Elementwise;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Util;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// Depthwise convolutions and their gradients on the GPU, without GEMM: with few channels per group, a GEMM's tiles would mostly
/// multiply zeros and share nothing, so each thread computes four neighbouring outputs by itself.
/// </summary>
internal static class DirectConvolution
{
    private const int MostWeights = 4; // source channels times target channels of a group
    private const int Threads = GroupReduce.Threads;
    private const int FewestPixels = 1024; // per part of a weight gradient's sum
    private const int GroupsWanted = 16; // per multiprocessor

    public static bool Suits(Correlation c) => c.Groups > 1 && c.SourceChannels * c.TargetChannels <= MostWeights;

    public static void Add<M>(KernelBinding b, Correlation c, CorrelationPass pass, Finish<M> finish) where M : struct, IMap
    {
        switch (b.Node.Op.Precision)
        {
            case Precision.Tf32:
                Add<M, Tf32Rounding>(b, c, pass, finish);
                break;
            case Precision.Bf16:
                Add<M, Bf16Rounding>(b, c, pass, finish);
                break;
            default:
                Add<M, NoRounding>(b, c, pass, finish);
                break;
        }
    }

    /// <summary>dw[filter, k] = Σ dy · x over the batch and the output, k = (source channel, tap).</summary>
    public static void AddWeightGradient(KernelBinding b, Correlation c)
    {
        switch (b.Node.Op.Precision)
        {
            case Precision.Tf32:
                AddWeightGradient<Tf32Rounding>(b, c);
                break;
            case Precision.Bf16:
                AddWeightGradient<Bf16Rounding>(b, c);
                break;
            default:
                AddWeightGradient<NoRounding>(b, c);
                break;
        }
    }

    private static void Add<M, R>(KernelBinding b, Correlation c, CorrelationPass pass, Finish<M> finish) where M : struct, IMap where R : struct, IRounding
    {
        ArrayView<float> x = b.In(0), w = b.In(1), y = b.Out();
        ArrayView<KernelTap> taps = ConvolutionKernel.Taps(b, c, pass);
        var sizes = new DirectSizes(c, pass);
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<KernelTap>, DirectSizes, ArrayView<float>, Finish<M>>(
            DirectKernels.Outputs<M, R>);
        int count = checked(c.Images * sizes.TargetChannels.Value * pass.Rows * sizes.Fours.Value);
        b.Launch(() => run(count, x, w, taps, sizes, y, finish));
    }

    private static void AddWeightGradient<R>(KernelBinding b, Correlation c) where R : struct, IRounding
    {
        CorrelationPass pass = c.Passes[0];
        ArrayView<float> x = b.In(0), dy = b.In(1);
        ArrayView<KernelTap> taps = ConvolutionKernel.Taps(b, c, pass);
        var windows = new WindowNumbers(c, pass);
        int filters = c.Groups * c.TargetChannels, k = c.SourceChannels * pass.Taps.Count, fours = (k + 3) / 4;
        int parts = Math.Clamp(GroupsWanted * b.Multiprocessors / (fours * filters), 1, Math.Max(1, windows.Count / FewestPixels));
        GemmSizes sizes = TileChoice.Split(filters, k, windows.Count, parts, Threads);
        var config = new KernelConfig(new Index3D(fours, sizes.Splits, filters), new Index3D(Threads, 1, 1));
        var specialization = new KernelSpecialization(Threads, null);
        var result = new GroupedResult(b.Out(), filters, k, 0);
        if (sizes.Splits == 1)
        {
            var run = b.Loader.Groups<ArrayView<float>, ArrayView<float>, ArrayView<KernelTap>, WindowNumbers, int, GroupedResult, GemmSizes>(
                DirectKernels.Gradient<GroupedResult, R>, specialization);
            b.Launch(() => run(config, x, dy, taps, windows, c.TargetChannels, result, sizes));
            return;
        }
        var partial = b.Loader.Groups<ArrayView<float>, ArrayView<float>, ArrayView<KernelTap>, WindowNumbers, int, PartialResult, GemmSizes>(
            DirectKernels.Gradient<PartialResult, R>, specialization);
        int target = c.TargetChannels;
        KernelGemm.AddSplit(b, sizes, 1, result, p => partial(config, x, dy, taps, windows, target, p, sizes));
    }
}

/// <summary>Sizes of a pass whose threads compute four neighbouring outputs each.</summary>
internal readonly struct DirectSizes(Correlation c, CorrelationPass pass)
{
    public readonly Divisor Fours = new((pass.Columns + 3) / 4), Rows = new(pass.Rows), TargetChannels = new(c.Groups * c.TargetChannels), GroupTargets = new(c.TargetChannels);
    public readonly int Columns = pass.Columns, Steps = c.SourceChannels * pass.Taps.Count, TargetStride = c.TargetStride, GroupStride = c.GroupStride;
    public readonly WindowNumbers Source = new(c, pass);
    public readonly int H = c.Target.H, W = c.Target.W, StepH = c.TargetStep.H, StepW = c.TargetStep.W, StartH = pass.StartH, StartW = pass.StartW;
}

internal static class DirectKernels
{
    /// <summary>Computes four outputs of a row, fewer at its end.</summary>
    public static void Outputs<M, R>(Index1D i, ArrayView<float> x, ArrayView<float> w, ArrayView<KernelTap> taps, DirectSizes z, ArrayView<float> y, Finish<M> finish)
        where M : struct, IMap where R : struct, IRounding
    {
        int line = z.Fours.Quotient(i), column = (i - (line * z.Fours.Value)) * 4;
        int plane = z.Rows.Quotient(line), row = line - (plane * z.Rows.Value);
        int n = z.TargetChannels.Quotient(plane), channel = plane - (n * z.TargetChannels.Value), group = z.GroupTargets.Quotient(channel);
        int weights = (group * z.GroupStride) + ((channel - (group * z.GroupTargets.Value)) * z.TargetStride);
        int step = z.Source.StepW, h = row * z.Source.StepH, v = column * step;
        int at = (((((n * z.Source.Channels) + (group * z.Source.GroupChannels)) * z.Source.H) + h) * z.Source.W) + v;
        Float4 sums = Fours.Zero;
        for (int k = 0; k < z.Steps; k++)
        {
            KernelTap tap = taps[k];
            float weight = R.Round(w[weights + tap.Weight]);
            int pixel = at + tap.Offset, down = h + tap.Row, along = v + tap.Column;
            sums = new Float4(
                MultiplyAdd.Of(weight, R.Round(z.Source.Pixel(x, pixel, down, along)), sums.X),
                MultiplyAdd.Of(weight, R.Round(z.Source.Pixel(x, pixel + step, down, along + step)), sums.Y),
                MultiplyAdd.Of(weight, R.Round(z.Source.Pixel(x, pixel + (2 * step), down, along + (2 * step))), sums.Z),
                MultiplyAdd.Of(weight, R.Round(z.Source.Pixel(x, pixel + (3 * step), down, along + (3 * step))), sums.W));
        }
        int target = (((plane * z.H) + z.StartH + (row * z.StepH)) * z.W) + z.StartW;
        for (int j = 0; j < 4; j++)
        {
            int place = target + ((column + j) * z.StepW);
            if (column + j < z.Columns)
                y[place] = finish.Apply(place, channel, j == 0 ? sums.X : j == 1 ? sums.Y : j == 2 ? sums.Z : sums.W);
        }
    }

    /// <summary>A group of threads computes four elements of a filter's gradient, over a part of the pixels.</summary>
    public static void Gradient<S, R>(ArrayView<float> x, ArrayView<float> dy, ArrayView<KernelTap> taps, WindowNumbers z, int groupTargets, S result, GemmSizes s)
        where S : struct, IResult where R : struct, IRounding
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(GroupReduce.Threads);
        int first = Grid.IdxX * 4, part = Grid.IdxY, filter = Grid.IdxZ, pixels = z.Pixels.Value;
        int begin = part * s.Chunk, end = Math.Min(begin + s.Chunk, s.K);
        KernelTap t0 = taps[first], t1 = taps[first + 1], t2 = taps[first + 2], t3 = taps[first + 3];
        Float4 sums = Fours.Zero;
        for (int k = begin + Group.IdxX; k < end; k += GroupReduce.Threads)
        {
            Place p = z.Find(filter / groupTargets, k);
            int n = z.Pixels.Quotient(k);
            float d = R.Round(dy[(((n * s.M) + filter) * pixels) + k - (n * pixels)]);
            sums = new Float4(
                MultiplyAdd.Of(d, R.Round(z.Pixel(x, p.At + t0.Offset, p.Row + t0.Row, p.Column + t0.Column)), sums.X),
                MultiplyAdd.Of(d, R.Round(z.Pixel(x, p.At + t1.Offset, p.Row + t1.Row, p.Column + t1.Column)), sums.Y),
                MultiplyAdd.Of(d, R.Round(z.Pixel(x, p.At + t2.Offset, p.Row + t2.Row, p.Column + t2.Column)), sums.Z),
                MultiplyAdd.Of(d, R.Round(z.Pixel(x, p.At + t3.Offset, p.Row + t3.Row, p.Column + t3.Column)), sums.W));
        }
        sums = new Float4(
            GroupReduce.Sum(shared, sums.X), GroupReduce.Sum(shared, sums.Y), GroupReduce.Sum(shared, sums.Z), GroupReduce.Sum(shared, sums.W));
        if (Group.IdxX == 0)
            Results.Put(result, 0, part, filter, first, sums, s);
    }
}
