using ILGPU;
using ILGPU.Runtime;
using ILGPU.Util;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>What the threads of a group do together.</summary>
public sealed class SharedMemoryTests
{
    private const int Size = 128;

    private static void Sum(ArrayView<float> x, ArrayView<float> y)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(Size);
        int t = Group.IdxX, i = Grid.GlobalIndex.X;
        shared[t] = i < x.IntLength ? x[i] : 0f;
        Group.Barrier();
        for (int d = Size / 2; d > 0; d >>= 1)
        {
            if (t < d)
                shared[t] += shared[t + d];
            Group.Barrier();
        }
        if (t == 0)
            y[Grid.IdxX] = shared[0];
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void A_tree_reduction_sums_each_group(string device)
    {
        foreach (int n in new[] { 1, 33, 257, 1000 })
        {
            int groups = (n + Size - 1) / Size;
            float[] x = [.. Enumerable.Range(0, n).Select(i => (float)(i % 17))];
            float[] sums = KernelRunner.Groups<float, float>(device, Sum, new KernelConfig(groups, Size), x, groups);
            Assert.Equal(x.Chunk(Size).Select(c => c.Sum()), sums);
        }
    }

    private static void Tools(ArrayView<int> x, ArrayView<int> y)
    {
        int t = Group.LinearIndex, i = Grid.GlobalLinearIndex;
        ref int counter = ref SharedMemory.Allocate<int>();
        ArrayView<Float4> vectors = SharedMemory.Allocate<Float4>(32);
        ArrayView<byte> bytes = SharedMemory.Allocate<byte>(64);
        if (Group.IsFirstThread)
            counter = 100;
        if (t < 32)
            vectors[t] = new Float4(t, 2 * t, 3 * t, 4 * t);
        if (t < 64)
            bytes[t] = (byte)(t * 5);
        Group.Barrier();
        Atomic.Add(ref counter, 1);
        Group.Barrier();
        int odd = Group.BarrierPopCount((x[i] & 1) != 0);
        bool all = Group.BarrierAnd(x[i] >= 0), any = Group.BarrierOr(x[i] == 77);
        int fromFifth = Group.Broadcast(x[i], 5);
        Float4 v = vectors[(t * 7) & 31];
        y[i] = counter + 1000 * odd + (all ? 200_000 : 0) + (any ? 400_000 : 0) + fromFifth * 1_000_000 + (int)(v.X + v.W) + bytes[t & 63];
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Barriers_that_count_and_broadcasts_reach_all_threads(string device)
    {
        int[] x = [.. Enumerable.Range(0, 192).Select(i => i < 96 ? i : i % 5 - 1)];
        KernelConfig config = new(new Index3D(2, 1, 1), new Index3D(16, 3, 2));
        int[] expected = new int[192];
        for (int i = 0; i < 192; i++)
        {
            int group = i / 96, t = i % 96;
            int[] mine = x[(group * 96)..(group * 96 + 96)];
            int k = (t * 7) & 31;
            expected[i] = 196 + 1000 * mine.Count(v => (v & 1) != 0) + (mine.All(v => v >= 0) ? 200_000 : 0) + (mine.Contains(77) ? 400_000 : 0)
                + mine[5] * 1_000_000 + 5 * k + (byte)((t & 63) * 5);
        }
        Assert.Equal(expected, KernelRunner.Groups<int, int>(device, Tools, config, x, 192));
    }

    private static void Dynamic(ArrayView<float> x, ArrayView<float> y)
    {
        ArrayView<float> shared = SharedMemory.GetDynamic<float>();
        int t = Group.IdxX;
        shared[t] = x[t];
        Group.Barrier();
        y[t] = shared[shared.IntLength - 1 - t] + SharedMemory.GetDynamic<byte>().IntLength;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void A_launch_sizes_dynamic_shared_memory(string device)
    {
        foreach (int n in new[] { 1, 33, 100 })
        {
            float[] x = [.. Enumerable.Range(0, n).Select(i => (float)i)];
            KernelConfig config = new(1, n, SharedMemoryConfig.RequestDynamic<float>(n));
            Assert.Equal(x.Reverse().Select(v => v + 4 * n), KernelRunner.Groups<float, float>(device, Dynamic, config, x, n));
        }
    }

    private static void Tile(ArrayView<int> x, ArrayView<int> y)
    {
        var tile = SharedMemory.Allocate2DDenseX<int>(new Index2D(16, 16));
        int column = Group.IdxX, row = Group.IdxY;
        tile[column, row] = x[row * 16 + column];
        Group.Barrier();
        y[row * 16 + column] = tile[row, column] + 1000 * Grid.DimX + Group.DimY;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void A_two_dimensional_tile_transposes(string device)
    {
        int[] x = [.. Enumerable.Range(0, 256)];
        int[] y = KernelRunner.Groups<int, int>(device, Tile, new KernelConfig(new Index2D(1, 1), new Index2D(16, 16)), x, 256);
        Assert.Equal(Enumerable.Range(0, 256).Select(i => i % 16 * 16 + i / 16 + 1016), y);
    }

    private static void Fences(ArrayView<int> x, ArrayView<int> y)
    {
        int i = Grid.GlobalIndex.X;
        y[i] = x[i];
        MemoryFence.GroupLevel();
        y[i] += 1;
        MemoryFence.DeviceLevel();
        y[i] += 1;
        MemoryFence.SystemLevel();
        y[i] += 1;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Fences_of_every_level_compile(string device) =>
        Assert.Equal([4, 5, 6], KernelRunner.Groups<int, int>(device, Fences, new KernelConfig(3, 1), [1, 2, 3], 3));

    // A barrier in a loop whose trip count is an argument, as in every tiled product.
    private static void Rotate(ArrayView<int> x, ArrayView<int> y)
    {
        ArrayView<int> ring = SharedMemory.Allocate<int>(64);
        int t = Group.IdxX;
        ring[t] = x[t];
        Group.Barrier();
        for (int round = 0; round < x[64]; round++)
        {
            int next = ring[(t + 1) & 63];
            Group.Barrier();
            ring[t] = next + round;
            Group.Barrier();
        }
        y[t] = ring[t];
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Barriers_in_loops_keep_the_threads_together(string device)
    {
        int[] x = [.. Enumerable.Range(0, 64), 5];
        int[] y = KernelRunner.Groups<int, int>(device, Rotate, new KernelConfig(1, 64), x, 64);
        Assert.Equal(Enumerable.Range(0, 64).Select(t => (t + 5) % 64 + 10), y);
    }
}
