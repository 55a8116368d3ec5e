using GpuGrad.Kernels.Devices.Ilgpu;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Health;

/// <summary>A tensor as [outer, channels, inner], and the bounds of a unit's active range.</summary>
internal readonly record struct UnitSizes(int Outer, int Channels, int Inner, float Low, float High);

/// <summary>A range of a buffer, and whether a second buffer is subtracted.</summary>
internal readonly record struct StretchSizes(long Begin, int Length, int Difference);

/// <summary>GPU kernels of the ops that measure a network.</summary>
internal static class HealthKernels
{
    private const int Block = 4096, MostBlocks = 64;

    /// <summary>Statistics of a channel, by one group.</summary>
    public static void Units(ArrayView<float> x, UnitSizes s, ArrayView<float> y)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(GroupReduce.Threads);
        int channel = Grid.IdxX;
        float sum = 0f, squares = 0f, zeros = 0f, lows = 0f, highs = 0f, largest = 0f;
        for (int e = Group.IdxX; e < s.Outer * s.Inner; e += GroupReduce.Threads)
        {
            float v = x[((((long)(e / s.Inner) * s.Channels) + channel) * s.Inner) + (e % s.Inner)], size = MathF.Abs(v);
            sum += v;
            squares += v * v;
            zeros += size > 0f ? 0f : 1f;
            lows += v > s.Low ? 0f : 1f;
            highs += s.High > v ? 0f : 1f;
            largest = GroupReduce.Larger(largest, size);
        }
        sum = GroupReduce.Sum(room, sum);
        squares = GroupReduce.Sum(room, squares);
        zeros = GroupReduce.Sum(room, zeros);
        lows = GroupReduce.Sum(room, lows);
        highs = GroupReduce.Sum(room, highs);
        largest = GroupReduce.Max(room, largest);
        if (Group.IdxX != 0)
            return;
        y[(UnitStatistics.Sum * s.Channels) + channel] = sum;
        y[(UnitStatistics.Squares * s.Channels) + channel] = squares;
        y[(UnitStatistics.Zeros * s.Channels) + channel] = zeros;
        y[(UnitStatistics.Lows * s.Channels) + channel] = lows;
        y[(UnitStatistics.Highs * s.Channels) + channel] = highs;
        y[(UnitStatistics.Largest * s.Channels) + channel] = largest;
    }

    /// <summary>Σ of the squares of a group's part of a range.</summary>
    public static void Squares(ArrayView<float> x, ArrayView<float> y, StretchSizes s, ArrayView<float> sums)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(GroupReduce.Threads);
        float sum = 0f;
        for (long i = ((long)Grid.IdxX * GroupReduce.Threads) + Group.IdxX; i < s.Length; i += (long)Grid.DimX * GroupReduce.Threads)
        {
            float d = s.Difference != 0 ? x[s.Begin + i] - y[s.Begin + i] : x[s.Begin + i];
            sum += d * d;
        }
        sum = GroupReduce.Sum(room, sum);
        if (Group.IdxX == 0)
            sums[Grid.IdxX] = sum;
    }

    /// <summary>norms[range] = √Σ, by one group.</summary>
    public static void Norm(ArrayView<float> sums, int count, int range, ArrayView<float> norms)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(GroupReduce.Threads);
        float sum = GroupReduce.Sum(room, Group.IdxX < count ? sums[Group.IdxX] : 0f);
        if (Group.IdxX == 0)
            norms[range] = MathF.Sqrt(sum);
    }

    /// <summary>norms[step] = √Σ over all samples, one group per step.</summary>
    public static void Steps(ArrayView<float> x, int samples, int steps, int width, ArrayView<float> norms)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(GroupReduce.Threads);
        float sum = 0f;
        for (int i = Group.IdxX; i < samples * width; i += GroupReduce.Threads)
        {
            float v = x[((((long)(i / width) * steps) + Grid.IdxX) * width) + (i % width)];
            sum += v * v;
        }
        sum = GroupReduce.Sum(room, sum);
        if (Group.IdxX == 0)
            norms[Grid.IdxX] = MathF.Sqrt(sum);
    }

    public static void AddUnits(KernelBinding b, UnitSizes sizes)
    {
        ArrayView<float> x = b.In(0), y = b.Out();
        var run = b.Loader.Groups<ArrayView<float>, UnitSizes, ArrayView<float>>(Units, RowTeams.Specialization);
        var config = new KernelConfig(sizes.Channels, GroupReduce.Threads);
        b.Launch(() => run(config, x, sizes, y));
    }

    public static void AddNorms(KernelBinding b, BufferRanges ranges, bool difference)
    {
        ArrayView<float> x = b.In(0), y = b.In(difference ? 1 : 0), norms = b.Out();
        var squares = b.Loader.Groups<ArrayView<float>, ArrayView<float>, StretchSizes, ArrayView<float>>(Squares, RowTeams.Specialization);
        var norm = b.Loader.Groups<ArrayView<float>, int, int, ArrayView<float>>(Norm, RowTeams.Specialization);
        var single = new KernelConfig(1, GroupReduce.Threads);
        KernelScratchRegion sums = b.Scratch(MostBlocks);
        for (int i = 0; i < ranges.Count; i++)
        {
            int range = i, blocks = Math.Clamp((ranges.All[i].Length + Block - 1) / Block, 1, MostBlocks);
            var sizes = new StretchSizes(ranges.All[i].Begin, ranges.All[i].Length, difference ? 1 : 0);
            var many = new KernelConfig(blocks, GroupReduce.Threads);
            b.Launch(() => squares(many, x, y, sizes, sums.View));
            b.Launch(() => norm(single, sums.View, blocks, range, norms));
        }
    }
}
