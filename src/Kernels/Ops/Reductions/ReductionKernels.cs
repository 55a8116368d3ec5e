using GpuGrad.Kernels.Devices.Ilgpu;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Ops.Reductions;

/// <summary>Sums over all axes but one, and their gradient.</summary>
internal static class ReductionKernels
{
    private const int ColumnsPerGroup = 32;
    private const int MostParts = 64;

    /// <summary>A tensor as [outer, channels, inner].</summary>
    public readonly record struct Sizes(int Outer, int Channels, int Inner, int Chunk);

    /// <summary>Adds the launches of y[c] = Σ x[·, c, ·].</summary>
    public static void Add(KernelBinding b, ArrayView<float> x, ArrayView<float> y, int outer, int channels, int inner)
    {
        int rows = checked(outer * inner);
        bool columns = inner == 1;
        int groups = columns ? (channels + ColumnsPerGroup - 1) / ColumnsPerGroup : channels;
        int wanted = Math.Clamp(2 * b.Multiprocessors / groups, 1, Math.Clamp(rows / (4 * GroupReduce.Threads), 1, MostParts));
        int chunk = (rows + wanted - 1) / wanted, parts = (rows + chunk - 1) / chunk;
        var sizes = new Sizes(outer, channels, inner, chunk);
        var specialization = new KernelSpecialization(GroupReduce.Threads, null);
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<float>, Sizes>(columns ? SumColumns : SumChannels, specialization);
        var config = new KernelConfig(new Index3D(groups, parts, 1), new Index3D(GroupReduce.Threads, 1, 1));
        if (parts == 1)
        {
            b.Launch(() => run(config, x, y, sizes));
            return;
        }
        KernelScratchRegion scratch = b.Scratch((long)parts * channels);
        var add = b.Loader.Items<ArrayView<float>, ArrayView<float>, int, int>(AddParts);
        b.Launch(() => run(config, x, scratch.View, sizes));
        b.Launch(() => add(channels, scratch.View, y, channels, parts));
    }

    /// <summary>Adds the launch of y[·, c, ·] = x[c].</summary>
    public static void AddBroadcast(KernelBinding b, ArrayView<float> x, ArrayView<float> y, int channels, int inner)
    {
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, int, int>(Broadcast);
        b.Launch(() => run(y.IntLength, x, y, channels, inner));
    }

    // One group per channel and part of its rows.
    private static void SumChannels(ArrayView<float> x, ArrayView<float> parts, Sizes s)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(GroupReduce.Threads);
        int channel = Grid.IdxX, begin = Grid.IdxY * s.Chunk, end = Math.Min(begin + s.Chunk, s.Outer * s.Inner);
        float sum = 0f;
        for (int e = begin + Group.IdxX; e < end; e += GroupReduce.Threads)
            sum += x[((long)(e / s.Inner) * s.Channels * s.Inner) + ((long)channel * s.Inner) + (e % s.Inner)];
        float total = GroupReduce.Sum(shared, sum);
        if (Group.IdxX == 0)
            parts[(Grid.IdxY * s.Channels) + channel] = total;
    }

    // Neighbouring threads take neighbouring columns; four threads share a column.
    private static void SumColumns(ArrayView<float> x, ArrayView<float> parts, Sizes s)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(GroupReduce.Threads);
        int lane = Group.IdxX / ColumnsPerGroup, column = (Grid.IdxX * ColumnsPerGroup) + (Group.IdxX % ColumnsPerGroup);
        int begin = Grid.IdxY * s.Chunk, end = Math.Min(begin + s.Chunk, s.Outer);
        float sum = 0f;
        if (column < s.Channels)
        {
            for (int row = begin + lane; row < end; row += GroupReduce.Threads / ColumnsPerGroup)
                sum += x[((long)row * s.Channels) + column];
        }
        shared[Group.IdxX] = sum;
        Group.Barrier();
        if (lane != 0 || column >= s.Channels)
            return;
        for (int other = 1; other < GroupReduce.Threads / ColumnsPerGroup; other++)
            sum += shared[(other * ColumnsPerGroup) + Group.IdxX];
        parts[(Grid.IdxY * s.Channels) + column] = sum;
    }

    private static void AddParts(Index1D c, ArrayView<float> parts, ArrayView<float> y, int channels, int count)
    {
        float sum = 0f;
        for (int part = 0; part < count; part++)
            sum += parts[(part * channels) + c];
        y[c] = sum;
    }

    private static void Broadcast(Index1D i, ArrayView<float> x, ArrayView<float> y, int channels, int inner) => y[i] = x[i / inner % channels];
}
