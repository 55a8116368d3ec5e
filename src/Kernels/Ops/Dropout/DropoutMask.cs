using System.Runtime.Intrinsics;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Random;

namespace GpuGrad.Kernels.Ops.Dropout;

/// <summary>
/// Which elements a dropout layer keeps in a step, as a function of position. Element i of the whole batch (row-major; if whole channels
/// are dropped, i counts planes n·C + c; of a rank's part, its first sample has the place that it has in the whole) uses word i mod 4 of
/// <code>Philox4x32-10(counter = (i / 4, stream, step low, step high · 256 + Purpose.Dropout), key = (seed low, seed high))</code>
/// and is kept if (word &gt;&gt; 8) ≥ rate · 2²⁴, that is, if a uniform number of 24 bits is not below the rate. Steps
/// are below 2⁵⁶. Words are numbered as in Philox.Bits.
/// </summary>
internal readonly struct DropoutMask
{
    /// <summary>Length of the tensor <c>rng</c>: seed low and high, batch number low and high, first sample, which are the first words of the clock (<see cref="ClockLayout"/>).</summary>
    public const int RngLength = ClockLayout.RandomWords;

    private readonly uint seedLow;
    private readonly uint seedHigh;
    private readonly uint stream;
    private readonly uint batchLow;
    private readonly uint last;
    private readonly uint threshold;
    private readonly ulong before; // elements of the whole batch before this part

    /// <param name="rng">See <see cref="RngLength"/>.</param>
    /// <param name="stream">Number of the layer's stream.</param>
    /// <param name="rate">Share of elements that are dropped.</param>
    /// <param name="sample">Number of elements (or planes, or weights) of a sample.</param>
    public DropoutMask(ReadOnlySpan<int> rng, uint stream, double rate, uint sample)
    {
        before = (ulong)(uint)rng[ClockLayout.First] * sample;
        this.stream = stream;
        seedLow = (uint)rng[ClockLayout.Seed];
        seedHigh = (uint)rng[ClockLayout.Seed + 1];
        batchLow = (uint)rng[ClockLayout.Batch];
        last = ((uint)rng[ClockLayout.Batch + 1] << 8) | (uint)Purpose.Dropout;
        threshold = ThresholdOf(rate);
    }

    /// <summary>Words of 24 bits below this are dropped.</summary>
    public static uint ThresholdOf(double rate) => (uint)Math.Ceiling(rate * (1 << 24));

    /// <summary>Whether element i of this part is kept.</summary>
    public bool Keeps(long i)
    {
        ulong at = before + (ulong)i;
        (uint a, uint b, uint c, uint d) = Philox.Bits((uint)(at / 4), stream, batchLow, last, seedLow, seedHigh);
        uint word = (at % 4) switch { 0 => a, 1 => b, 2 => c, _ => d };
        return word >> 8 >= threshold;
    }

    /// <summary>Number of elements between element i and the one before it, or i itself, from which <see cref="KeepsEight"/> can start; 0 to 3.</summary>
    public int Skip(long i) => (int)((before + (ulong)i) % 4);

    /// <summary>For elements i to i + 7: all ones if an element is kept, else 0.</summary>
    /// <param name="i">With a <see cref="Skip"/> of 0; may lie before element 0.</param>
    public Vector256<int> KeepsEight(long i)
    {
        uint group = (uint)((before + (ulong)i) / 4);
        var counters = Vector256.Create(group, stream, batchLow, last, group + 1, stream, batchLow, last);
        Vector256<uint> words = PhiloxPair.Bits(counters, seedLow, seedHigh);
        return Vector256.GreaterThanOrEqual((words >> 8).AsInt32(), Vector256.Create((int)threshold));
    }
}
