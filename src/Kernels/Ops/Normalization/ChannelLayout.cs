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

    public int Planes => N * C;

    /// <summary>Fewest planes worth handing to a worker.</summary>
    public int PlaneGrain => Math.Max(1, 4096 / Inner);

    public int ColumnBlocks => (C + ColumnBlock - 1) / ColumnBlock;

    public static ChannelLayout Of(Shape shape)
    {
        Expect.That(shape.Rank >= 2, $"'x' has shape {shape}, expected [samples, channels, ...].");
        return new ChannelLayout(shape[0], shape[1], shape.LengthOf(2..));
    }

    /// <summary>Where the values of a channel of a sample begin.</summary>
    public long Plane(int sample, int channel) => (((long)sample * C) + channel) * Inner;
}
