using System.Runtime.CompilerServices;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>A pass with the offsets of its taps in laid-out pixels.</summary>
internal sealed unsafe class BoundPass
{
    // Pinned: the kernels read them by address, and the pass lives as long as the plan.
    private readonly int[] offsets;
    private readonly int[] offsetsInPlace;

    /// <param name="c">The correlation.</param>
    /// <param name="pass">The pass.</param>
    /// <param name="blocks">The cut.</param>
    /// <param name="firstTap">Taps of the passes before this one.</param>
    public BoundPass(Correlation c, CorrelationPass pass, CorrelationBlocking blocks, int firstTap)
    {
        Pass = pass;
        offsets = Table(blocks.Channels, blocks.Chunk.ChannelFloats, t => blocks.Chunk.OffsetOf(firstTap + t));
        offsetsInPlace = c.IsPointwise ? Table(blocks.Channels, c.Source.H * c.Source.W, _ => 0) : offsets;
    }

    public CorrelationPass Pass { get; }

    /// <summary>Number of taps.</summary>
    public int Taps => Pass.Taps.Count;

    /// <summary>For each channel of a block and each tap, where column 0 finds its pixel.</summary>
    public int* Offsets(bool inPlace) => (int*)Unsafe.AsPointer(ref inPlace ? ref offsetsInPlace[0] : ref offsets[0]);

    private int[] Table(int channels, int channelStride, Func<int, int> offsetOf)
    {
        int[] table = GC.AllocateArray<int>(Math.Max(1, channels * Taps), pinned: true);
        for (int channel = 0; channel < channels; channel++)
        {
            for (int t = 0; t < Taps; t++)
                table[(channel * Taps) + t] = checked((channel * channelStride) + offsetOf(t));
        }
        return table;
    }
}
