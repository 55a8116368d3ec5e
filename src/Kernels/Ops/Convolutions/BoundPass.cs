using GpuGrad.Kernels.Devices.Cpu;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>A pass, with the offsets of its taps in packed pixels.</summary>
internal sealed unsafe class BoundPass
{
    private readonly int* offsets;
    private readonly int* offsetsInPlace;

    /// <param name="binding">Owns the memory of the offsets.</param>
    /// <param name="c">The correlation.</param>
    /// <param name="pass">The pass.</param>
    /// <param name="blocks">The partition of the work.</param>
    /// <param name="firstTap">Number of taps in the passes before this one.</param>
    public BoundPass(CpuBinding binding, Correlation c, CorrelationPass pass, CorrelationBlocking blocks, int firstTap)
    {
        Pass = pass;
        offsets = binding.Table(Table(blocks.Channels, blocks.Chunk.ChannelFloats, t => blocks.Chunk.OffsetOf(firstTap + t)));
        offsetsInPlace = c.IsPointwise ? binding.Table(Table(blocks.Channels, c.Source.H * c.Source.W, _ => 0)) : offsets;
    }

    public CorrelationPass Pass { get; }

    /// <summary>Number of taps.</summary>
    public int Taps => Pass.Taps.Count;

    /// <summary>The pixel offset of column 0, for each channel of a block and each tap.</summary>
    public int* Offsets(bool inPlace) => inPlace ? offsetsInPlace : offsets;

    private int[] Table(int channels, int channelStride, Func<int, int> offsetOf)
    {
        int[] table = new int[channels * Taps];
        for (int channel = 0; channel < channels; channel++)
        {
            for (int t = 0; t < Taps; t++)
                table[(channel * Taps) + t] = checked((channel * channelStride) + offsetOf(t));
        }
        return table;
    }
}
