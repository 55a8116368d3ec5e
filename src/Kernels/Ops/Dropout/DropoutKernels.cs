using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Random;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Dropout;

/// <summary>Constants of the layer: its random stream, the threshold (of 24 bits) below which an element is dropped, the factor of the others, and the number of elements of a sample.</summary>
internal readonly record struct DropoutRule(uint Stream, uint Threshold, float Scale, uint Sample);

/// <summary>The masks of <see cref="DropoutMask"/> on the GPU.</summary>
internal static class DropoutKernels
{
    /// <summary>One thread per four elements, which share a block of random bits.</summary>
    public static void Elements(Index1D group, ArrayView<float> x, ArrayView<int> rng, DropoutRule rule, int count, ArrayView<float> y)
    {
        ulong before = Before(rng, rule);
        (uint a, uint b, uint c, uint d) = Words(rng, rule, (uint)(before >> 2) + (uint)group.X);
        int i = (group.X * 4) - (int)(before & 3);
        Put(x, rule, count, y, i, a);
        Put(x, rule, count, y, i + 1, b);
        Put(x, rule, count, y, i + 2, c);
        Put(x, rule, count, y, i + 3, d);
    }

    /// <summary>One thread per element of a plane that is kept or dropped as a whole.</summary>
    public static void Planes(Index1D i, ArrayView<float> x, ArrayView<int> rng, DropoutRule rule, int inner, ArrayView<float> y)
    {
        y[i] = Keeps(rng, rule, (uint)(i.X / inner)) ? x[i] * rule.Scale : 0f;
    }

    /// <summary>Whether an element is kept.</summary>
    public static bool Keeps(ArrayView<int> rng, DropoutRule rule, uint i)
    {
        ulong at = Before(rng, rule) + i;
        (uint a, uint b, uint c, uint d) = Words(rng, rule, (uint)(at >> 2));
        uint place = (uint)at & 3;
        uint word = place == 0 ? a : place == 1 ? b : place == 2 ? c : d;
        return word >> 8 >= rule.Threshold;
    }

    // Elements of the whole batch before this part.
    private static ulong Before(ArrayView<int> rng, DropoutRule rule) => (ulong)(uint)rng[ClockLayout.First] * rule.Sample;

    private static (uint A, uint B, uint C, uint D) Words(ArrayView<int> rng, DropoutRule rule, uint group) => Philox.Bits(
        group, rule.Stream, (uint)rng[ClockLayout.Batch], ((uint)rng[ClockLayout.Batch + 1] << 8) | (uint)Purpose.Dropout, (uint)rng[ClockLayout.Seed], (uint)rng[ClockLayout.Seed + 1]);

    private static void Put(ArrayView<float> x, DropoutRule rule, int count, ArrayView<float> y, int i, uint word)
    {
        if (i >= 0 && i < count)
            y[i] = word >> 8 >= rule.Threshold ? x[i] * rule.Scale : 0f;
    }
}
