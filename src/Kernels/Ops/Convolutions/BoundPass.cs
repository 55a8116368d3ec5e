using System.Runtime.CompilerServices;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>A pass with its place among the packed weights and the offsets of its taps in laid-out pixels.</summary>
internal sealed unsafe class BoundPass
{
    // Pinned: the kernels read them by address, and the pass lives as long as the plan.
    private readonly int[] offsets;
    private readonly int[] offsetsInPlace;
    private readonly long panels;
    private readonly int tiles;

    /// <param name="c">The correlation.</param>
    /// <param name="pass">The pass.</param>
    /// <param name="blocks">The cut.</param>
    /// <param name="firstTap">Taps of the passes before this one.</param>
    /// <param name="panels">Floats of packed weights before this pass.</param>
    public BoundPass(Correlation c, CorrelationPass pass, CorrelationBlocking blocks, int firstTap, long panels)
    {
        (Pass, this.panels, tiles) = (pass, panels, blocks.Tiles);
        Taps = [.. pass.Taps];
        PanelFloats = checked((long)c.SourceChannels * Taps.Length * blocks.Tile.Rows);
        offsets = Table(blocks.Channels, blocks.Chunk.ChannelFloats, t => blocks.Chunk.OffsetOf(firstTap + t));
        offsetsInPlace = c.IsPointwise ? Table(blocks.Channels, c.Source.H * c.Source.W, _ => 0) : offsets;
    }

    public CorrelationPass Pass { get; }

    public Tap[] Taps { get; }

    /// <summary>Floats of the weights of one tile.</summary>
    public long PanelFloats { get; }

    /// <summary>For each channel of a block and each tap, where column 0 finds its pixel.</summary>
    public int* Offsets(bool inPlace) => (int*)Unsafe.AsPointer(ref inPlace ? ref offsetsInPlace[0] : ref offsets[0]);

    /// <summary>Where the weights of a tile begin.</summary>
    public long Panel(int group, int tile) => panels + ((((long)group * tiles) + tile) * PanelFloats);

    private int[] Table(int channels, int channelStride, Func<int, int> offsetOf)
    {
        int[] table = GC.AllocateArray<int>(Math.Max(1, channels * Taps.Length), pinned: true);
        for (int channel = 0; channel < channels; channel++)
        {
            for (int t = 0; t < Taps.Length; t++)
                table[(channel * Taps.Length) + t] = checked((channel * channelStride) + offsetOf(t));
        }
        return table;
    }
}
