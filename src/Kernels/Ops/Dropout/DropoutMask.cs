using System.Runtime.Intrinsics;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Random;

namespace GpuGrad.Kernels.Ops.Dropout;

/// <summary>
/// Which elements a dropout layer keeps in a step, as a function of position. Element i of the batch (row-major; if whole channels
/// are dropped, i counts planes n·C + c) uses word i mod 4 of
/// <code>Philox4x32-10(counter = (i / 4, stream, step low, step high · 256 + Purpose.Dropout), key = (seed low, seed high))</code>
/// and is kept if (word &gt;&gt; 8) ≥ rate · 2²⁴, that is, if a uniform number of 24 bits is not below the rate. Steps
/// are below 2⁵⁶. Words are numbered as in Philox.Bits.
/// </summary>
internal readonly struct DropoutMask
{
    /// <summary>Length of the tensor <c>rng</c>: seed low and high, batch number low and high, the first words of the clock (<see cref="ClockLayout"/>).</summary>
    public const int RngLength = ClockLayout.RandomWords;

    private readonly uint seedLow;
    private readonly uint seedHigh;
    private readonly uint stream;
    private readonly uint batchLow;
    private readonly uint last;
    private readonly uint threshold;

    public DropoutMask(ReadOnlySpan<int> rng, uint stream, double rate)
    {
        this.stream = stream;
        seedLow = (uint)rng[ClockLayout.Seed];
        seedHigh = (uint)rng[ClockLayout.Seed + 1];
        batchLow = (uint)rng[ClockLayout.Batch];
        last = ((uint)rng[ClockLayout.Batch + 1] << 8) | (uint)Purpose.Dropout;
        threshold = ThresholdOf(rate);
    }

    /// <summary>Words of 24 bits below this are dropped.</summary>
    public static uint ThresholdOf(double rate) => (uint)Math.Ceiling(rate * (1 << 24));

    public bool Keeps(long i)
    {
        (uint a, uint b, uint c, uint d) = Philox.Bits((uint)(i / 4), stream, batchLow, last, seedLow, seedHigh);
        uint word = (i % 4) switch { 0 => a, 1 => b, 2 => c, _ => d };
        return word >> 8 >= threshold;
    }

    /// <summary>For elements 4·group to 4·group + 7: all ones if an element is kept, else 0.</summary>
    public Vector256<int> KeepsEight(long group)
    {
        var counters = Vector256.Create((uint)group, stream, batchLow, last, (uint)group + 1, stream, batchLow, last);
        Vector256<uint> words = PhiloxPair.Bits(counters, seedLow, seedHigh);
        return Vector256.GreaterThanOrEqual((words >> 8).AsInt32(), Vector256.Create((int)threshold));
    }
}
