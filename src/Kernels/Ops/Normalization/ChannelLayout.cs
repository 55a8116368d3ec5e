using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>[N, C, …] as N samples of C channels of <c>Inner</c> values each.</summary>
internal readonly record struct ChannelLayout(int N, int C, int Inner)
{
    /// <summary>Columns that one worker takes through a matrix [N, C]: four cache lines per row.</summary>
    public const int ColumnBlock = 64;

    /// <summary>Largest number of channels in a run.</summary>
    public const int MostPlanes = 128;

    private const int RunFloats = 2048;
    private const int SmallPlane = 64;

    /// <summary>Number of values that share statistics.</summary>
    public long PerChannel => (long)N * Inner;

    /// <summary>[N, C]: the channels are the columns of a matrix, and vectors run across channels.</summary>
    public bool IsMatrix => Inner == 1;

    /// <summary>Channels of a sample that are processed together: small planes are not worth a call each.</summary>
    public int RunPlanes => Math.Clamp(RunFloats / Inner, 1, Math.Min(C, MostPlanes));

    /// <summary>Number of runs of channels in a sample.</summary>
    public int RunsOfSample => (C + RunPlanes - 1) / RunPlanes;

    public int Runs => checked(N * RunsOfSample);

    /// <summary>Smallest number of runs worth handing to a worker.</summary>
    public int RunGrain => Math.Max(1, 2 * RunFloats / (RunPlanes * Inner));

    /// <summary>Samples whose small planes are summed per lane of a vector before the lanes are summed.</summary>
    public int SumSamples => Inner <= SmallPlane ? Math.Min(N, 16) : 1;

    /// <summary>Number of groups of that many samples.</summary>
    public int SumGroups => (N + SumSamples - 1) / SumSamples;

    public int ColumnBlocks => (C + ColumnBlock - 1) / ColumnBlock;

    public static ChannelLayout Of(Shape shape)
    {
        Expect.That(shape.Rank >= 2, $"'x' has shape {shape}, expected [samples, channels, ...].");
        return new ChannelLayout(shape[0], shape[1], shape.LengthOf(2..));
    }

    /// <summary>The first channel of a run and their number.</summary>
    public (int First, int Count) ChannelsOf(int runOfSample) => (runOfSample * RunPlanes, Math.Min(RunPlanes, C - (runOfSample * RunPlanes)));

    /// <summary>Offset of a sample's channel.</summary>
    public long Plane(int sample, int channel) => (((long)sample * C) + channel) * Inner;
}
