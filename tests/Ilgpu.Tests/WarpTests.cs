using GpuGrad.Tests.Support.Ptx;
using ILGPU;
using ILGPU.Bundled;
using ILGPU.Runtime;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Shuffles between the lanes of a warp.</summary>
public sealed class WarpTests
{
    public static TheoryData<string> WithWarps => [TestDevice.Emulated, TestDevice.Ptx];

    private static void Shuffles(ArrayView<int> x, ArrayView<int> y)
    {
        int t = Group.IdxX, n = Group.DimX, v = x[t];
        y[t] = Warp.Shuffle(v, (Warp.LaneIdx * 5 + 3) & 31);
        y[n + t] = Warp.ShuffleDown(v, 3);
        y[2 * n + t] = Warp.ShuffleUp(v, 5);
        y[3 * n + t] = Warp.ShuffleXor(v, 9);
        y[4 * n + t] = Warp.ShuffleDown(v, 2, 8);
        y[5 * n + t] = Warp.ShuffleUp(v, 1, 4);
        y[6 * n + t] = Warp.Shuffle(v, 1, 16);
        y[7 * n + t] = Warp.ShuffleXor(v, 3, 16);
        y[8 * n + t] = Warp.Broadcast(v, 7) + Warp.LaneIdx + 100 * Warp.WarpIdx + (Warp.IsFirstLane ? 1000 : 0) + (Warp.IsLastLane ? 2000 : 0);
        int width = x[0] == 0 ? 8 : 4;
        y[9 * n + t] = Warp.ShuffleDown(v, 1, width);
        Warp.Barrier();
        y[10 * n + t] = (int)(Warp.ShuffleXor((long)v << 33, 1) >> 33) + (int)Warp.ShuffleXor(v * 0.5, 2) + (int)Warp.ShuffleXor(v * 2f, 4);
    }

    private static int[] ExpectedShuffles(int n)
    {
        int[] y = new int[11 * n];
        for (int t = 0; t < n; t++)
        {
            int w = t / 32 * 32, lane = t % 32;
            int At(int l) => w + l;
            y[t] = At((lane * 5 + 3) & 31);
            y[n + t] = lane + 3 < 32 ? At(lane + 3) : t;
            y[2 * n + t] = lane >= 5 ? At(lane - 5) : t;
            y[3 * n + t] = At(lane ^ 9);
            y[4 * n + t] = lane % 8 + 2 < 8 ? At(lane + 2) : t;
            y[5 * n + t] = lane % 4 >= 1 ? At(lane - 1) : t;
            y[6 * n + t] = At(lane / 16 * 16 + 1);
            y[7 * n + t] = At(lane ^ 3);
            y[8 * n + t] = At(7) + lane + 100 * (t / 32) + (lane == 0 ? 1000 : 0) + (lane == 31 ? 2000 : 0);
            y[9 * n + t] = lane % 8 + 1 < 8 ? At(lane + 1) : t;
            y[10 * n + t] = At(lane ^ 1) + At(lane ^ 2) / 2 + At(lane ^ 4) * 2;
        }
        return y;
    }

    [SkippableTheory]
    [MemberData(nameof(WithWarps))]
    public void Shuffles_of_every_kind_and_width_move_values(string device)
    {
        int[] x = [.. Enumerable.Range(0, 96)];
        Assert.Equal(ExpectedShuffles(96), KernelRunner.Groups<int, int>(device, Shuffles, new KernelConfig(1, 96), x, 11 * 96));
    }

    private static void Sum(ArrayView<float> x, ArrayView<float> y)
    {
        ArrayView<float> partial = SharedMemory.Allocate<float>(128);
        float v = x[Grid.GlobalIndex.X];
        for (int d = Warp.WarpSize / 2; d > 0; d /= 2)
            v += Warp.ShuffleDown(v, d);
        if (Warp.IsFirstLane)
            partial[Warp.WarpIdx] = v;
        Group.Barrier();
        if (Group.IsFirstThread)
        {
            float sum = 0;
            for (int w = 0; w < Group.DimX / Warp.WarpSize; w++)
                sum += partial[w];
            y[Grid.IdxX] = sum;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void A_reduction_over_WarpSize_runs_on_devices_with_any_warp(string device)
    {
        float[] x = [.. Enumerable.Range(0, 256).Select(i => (float)(i % 13))];
        float[] sums = KernelRunner.Groups<float, float>(device, Sum, new KernelConfig(2, 128), x, 2);
        Assert.Equal(x.Chunk(128).Select(c => c.Sum()), sums);
    }

    private static void Fixed(ArrayView<float> x, ArrayView<float> y) => y[Group.IdxX] = Warp.ShuffleDown(x[Group.IdxX], 16);

    [Fact]
    public void A_shuffle_of_fixed_distance_is_refused_where_warps_have_one_lane()
    {
        KernelRefusedException e = Assert.Throws<KernelRefusedException>(() => KernelInspection.ToOpenCL((Action<ArrayView<float>, ArrayView<float>>)Fixed));
        Messages.Has(e, "warps of one lane", "WarpTests.Fixed");
    }

    private static void Half(ArrayView<float> x, ArrayView<float> y)
    {
        if (Group.IdxX < 16)
            y[Group.IdxX] = Warp.ShuffleDown(x[Group.IdxX], 1);
    }

    [Fact]
    public void Shuffling_with_lanes_that_are_elsewhere_is_an_error_emulated()
    {
        var e = Assert.Throws<KernelFaultException>(() => KernelRunner.Groups<float, float>(TestDevice.Emulated, Half, new KernelConfig(1, 32), new float[32], 32));
        Messages.Has(e, "diverged: 16 (thread 0 first) wait at Warp.ShuffleDown in WarpTests.Half", "16 (thread 16 first) have ended");
    }

    [Fact]
    public void Shuffling_with_lanes_that_are_elsewhere_is_an_error_in_the_interpreter()
    {
        using var accelerator = PtxInterpreter.Create();
        var kernel = accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>>(Half);
        using var x = accelerator.Allocate1D(new float[32]);
        DeviceLostException e = Assert.Throws<DeviceLostException>(() => kernel(new KernelConfig(1, 32), x.View, x.View));
        Messages.Has(e, "WarpTests_Half", "16 lanes have ended", "16 lanes at line", "shfl.sync.down");
    }
}
