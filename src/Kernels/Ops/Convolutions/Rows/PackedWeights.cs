using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>The weights of a correlation, packed in the order in which its tiles read them: for each pass, group and tile, [channel][tap][row of the tile].</summary>
internal sealed unsafe class PackedWeights
{
    private readonly CpuBinding binding;
    private readonly Correlation c;
    private readonly float* weights;
    private readonly int tileRows;
    private readonly Tap[][] taps;  // per pass
    private readonly long[] begins; // offset of each pass
    private readonly ScratchRegion packed;

    /// <param name="binding">The op's binding.</param>
    /// <param name="c">The correlation.</param>
    /// <param name="weights">The weights, with the strides of <paramref name="c"/>.</param>
    /// <param name="tileRows">Target channels per tile.</param>
    public PackedWeights(CpuBinding binding, Correlation c, float* weights, int tileRows)
    {
        (this.binding, this.c, this.tileRows) = (binding, c, tileRows);
        this.weights = weights;
        Tiles = (c.TargetChannels + tileRows - 1) / tileRows;
        taps = [.. c.Passes.Select(p => p.Taps.ToArray())];
        begins = new long[taps.Length];
        long floats = 0;
        for (int pass = 0; pass < begins.Length; pass++)
        {
            begins[pass] = floats;
            floats = checked(floats + (c.Groups * Tiles * PanelFloats(pass)));
        }
        packed = binding.Scratch(floats);
    }

    /// <summary>Tiles per group.</summary>
    public int Tiles { get; }

    /// <summary>The weights of a tile.</summary>
    public float* Panel(int pass, int group, int tile) =>
        packed.Pointer + begins[pass] + ((((long)group * Tiles) + tile) * PanelFloats(pass));

    public void AddPhase()
    {
        int panels = c.Groups * Tiles;
        binding.Parallel(taps.Length * panels, (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
                Pack(i / panels, i % panels / Tiles, i % Tiles);
        }, grain: 4);
    }

    private long PanelFloats(int pass) => checked((long)c.SourceChannels * taps[pass].Length * tileRows);

    private void Pack(int pass, int group, int tile)
    {
        int first = tile * tileRows, rows = Math.Min(tileRows, c.TargetChannels - first);
        float* panel = Panel(pass, group, tile);
        float* source = weights + ((long)group * c.GroupStride) + ((long)first * c.TargetStride);
        if (rows < tileRows)
            new Span<float>(panel, checked((int)PanelFloats(pass))).Clear();
        Tap[] list = taps[pass];
        for (int channel = 0; channel < c.SourceChannels; channel++, source += c.SourceStride)
        {
            // Taps that are contiguous in the weights are transposed together.
            for (int t = 0; t < list.Length;)
            {
                int begin = t++;
                while (t < list.Length && list[t].Weight == list[t - 1].Weight + 1)
                    t++;
                Transpose.Run(source + list[begin].Weight, c.TargetStride, panel, tileRows, rows, t - begin);
                panel += (t - begin) * tileRows;
            }
        }
    }
}
