using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>[N, C, …] as N samples of C channels of <c>Inner</c> values each.</summary>
internal readonly record struct ChannelLayout(int N, int C, int Inner)
{
    /// <summary>Columns that one worker takes down a matrix [N, C]: four cache lines a row.</summary>
    public const int ColumnBlock = 64;

    /// <summary>Values that share statistics.</summary>
    public long PerChannel => (long)N * Inner;

    /// <summary>[N, C]: the channels are the columns of a matrix, and vectors run across channels.</summary>
    public bool IsMatrix => Inner == 1;

    public int ColumnBlocks => (C + ColumnBlock - 1) / ColumnBlock;

    public static ChannelLayout Of(Shape shape)
    {
        Expect.That(shape.Rank >= 2, $"'x' has shape {shape}, expected [samples, channels, ...].");
        return new ChannelLayout(shape[0], shape[1], shape.LengthOf(2..));
    }

    /// <summary>Where the values of a channel of a sample begin.</summary>
    public long Plane(int sample, int channel) => (((long)sample * C) + channel) * Inner;

    /// <summary>
    /// True where each worker can have channels of its own: a channel that fits the cache is then read from memory once for
    /// all that is done to it. Else the planes are handed out in several phases. Either way the sums are taken in the same order.
    /// </summary>
    public bool ChannelsSuffice(CpuBinding b) => C >= b.Workers;
}
