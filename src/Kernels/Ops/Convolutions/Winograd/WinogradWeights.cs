using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// The transformed weights of a correlation with 3×3 filters, packed for Winograd's GEMMs: for each group and tile of target
/// channels, [position][source channel][target channel].
/// </summary>
internal sealed unsafe class WinogradWeights
{
    private readonly CpuBinding binding;
    private readonly Correlation c;
    private readonly float* weights;
    private readonly int[] element = new int[9]; // index in the weights of each of the filter's elements, in the order of the pixels
    private readonly ScratchRegion packed;
    private readonly int tileRows;

    /// <param name="binding">The op's binding.</param>
    /// <param name="c">The correlation.</param>
    /// <param name="weights">The weights, with the strides of <paramref name="c"/>.</param>
    /// <param name="tileRows">Target channels per tile: 4 or 8.</param>
    public WinogradWeights(CpuBinding binding, Correlation c, float* weights, int tileRows)
    {
        (this.binding, this.c, this.tileRows) = (binding, c, tileRows);
        this.weights = weights;
        IReadOnlyList<Tap> taps = c.Passes[0].Taps;
        (int h, int w) = (taps.Min(t => t.H), taps.Min(t => t.W));
        foreach (Tap tap in taps)
            element[((tap.H - h) * 3) + tap.W - w] = tap.Weight;
        packed = binding.Scratch((long)c.Groups * Tiles * TileFloats);
    }

    /// <summary>Tiles of target channels per group.</summary>
    public int Tiles => (c.TargetChannels + tileRows - 1) / tileRows;

    /// <summary>Stride between positions, in floats.</summary>
    public int PositionFloats => c.SourceChannels * tileRows;

    private long TileFloats => (long)Winograd.Positions * PositionFloats;

    /// <summary>The weights of a tile.</summary>
    public float* Panel(int group, int tile) => packed.Pointer + ((((long)group * Tiles) + tile) * TileFloats);

    public void AddPhase() =>
        binding.Parallel(c.Groups * Tiles, (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
                Transform(i / Tiles, i % Tiles);
        });

    private void Transform(int group, int tile)
    {
        int first = tile * tileRows, rows = Math.Min(tileRows, c.TargetChannels - first);
        float* target = Panel(group, tile);
        float* source = weights + ((long)group * c.GroupStride) + ((long)first * c.TargetStride);
        float* asStored = stackalloc float[9 * tileRows], g = stackalloc float[9 * tileRows];
        Copies.Clear(asStored, 9 * tileRows);
        for (int channel = 0; channel < c.SourceChannels; channel++, source += c.SourceStride, target += tileRows)
        {
            Transpose.Run(source, c.TargetStride, asStored, tileRows, rows, 9);
            for (int i = 0; i < 9; i++)
                Copies.Copy(asStored + (element[i] * tileRows), g + (i * tileRows), tileRows);
            if (tileRows == V256.Lanes)
                Winograd.Weights<V256>(g, target, PositionFloats);
            else
                Winograd.Weights<V128>(g, target, PositionFloats);
        }
    }
}
