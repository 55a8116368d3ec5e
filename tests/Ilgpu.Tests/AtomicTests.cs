using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Atomic operations in global and shared memory.</summary>
public sealed class AtomicTests
{
    private static void Integers(Index1D i, ArrayView<int> x, ArrayView<int> r)
    {
        int v = x[i];
        Atomic.Add(ref r[0], v);
        Atomic.Min(ref r[1], v);
        Atomic.Max(ref r[2], v);
        Atomic.And(ref r[3], ~(1 << (v & 31)));
        Atomic.Or(ref r[4], 1 << (v & 15));
        Atomic.Xor(ref r[5], v * 31);
        Atomic.Min(ref r.SubView(6, 1).Cast<uint>()[0], (uint)v);
        Atomic.Max(ref r.SubView(7, 1).Cast<uint>()[0], (uint)v);
        // Old values are all different: together they are 0 ... n - 1.
        int ticket = Atomic.Add(ref r[8], 1);
        Atomic.Add(ref r[9], ticket * ticket);
        for (int old = r[10]; ;)
        {
            int seen = Atomic.CompareExchange(ref r[10], old, old + v);
            if (seen == old)
                break;
            old = seen;
        }
        Atomic.Exchange(ref r[11], 5);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Integer_atomics_combine_all_threads(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, ArrayView<int>>(Integers);
        int[] x = [.. Enumerable.Range(-40, 257)];
        using var dx = accelerator.Allocate1D(x);
        using var r = accelerator.Allocate1D<int>([0, int.MaxValue, int.MinValue, -1, 0, 0, -1, 0, 0, 0, 0, 0]);
        kernel(x.Length, dx.View, r.View);
        int and = x.Aggregate(-1, (a, v) => a & ~(1 << (v & 31))), or = x.Aggregate(0, (a, v) => a | 1 << (v & 15)), xor = x.Aggregate(0, (a, v) => a ^ v * 31);
        int[] expected = [x.Sum(), -40, 216, and, or, xor, 0, -1, 257, Enumerable.Range(0, 257).Sum(t => t * t), x.Sum(), 5];
        Assert.Equal(expected, r.GetAsArray1D());
    }

    private static void Floats(Index1D i, ArrayView<float> x, ArrayView<float> r)
    {
        Atomic.Add(ref r[0], x[i]);
        Atomic.Max(ref r[1], x[i]);
        Atomic.Min(ref r[2], x[i]);
        float old = Atomic.Exchange(ref r[3], x[i]);
        // Each value but the last one put in comes out once.
        Atomic.Add(ref r[4], old);
        Atomic.CompareExchange(ref r[5], 7f, 8f);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Float_atomics_combine_all_threads(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>>(Floats);
        float[] x = [.. Enumerable.Range(-40, 257).Select(v => (float)v)];
        using var dx = accelerator.Allocate1D(x);
        using var r = accelerator.Allocate1D<float>([0, -1000, 1000, 0, 0, 7]);
        kernel(x.Length, dx.View, r.View);
        float[] result = r.GetAsArray1D();
        Assert.Equal([x.Sum(), 216f, -40f, 8f], [result[0], result[1], result[2], result[5]]);
        Assert.Equal(x.Sum(), result[3] + result[4]);
    }

    private static void Long(Index1D i, ArrayView<long> x, ArrayView<long> r)
    {
        Atomic.Add(ref r[0], x[i]);
        Atomic.Max(ref r[1], x[i]);
        Atomic.CompareExchange(ref r[2], 3L, 4L);
    }

    [SkippableTheory]
    [InlineData(TestDevice.Emulated)]
    [InlineData(TestDevice.Ptx)]
    public void Long_atomics_combine_all_threads(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<long>, ArrayView<long>>(Long);
        long[] x = [.. Enumerable.Range(0, 100).Select(v => (long)v << 33)];
        using var dx = accelerator.Allocate1D(x);
        using var r = accelerator.Allocate1D<long>([0, 0, 3]);
        kernel(x.Length, dx.View, r.View);
        Assert.Equal([x.Sum(), x.Max(), 4L], r.GetAsArray1D());
    }

    private static void Doubles(Index1D i, ArrayView<double> x, ArrayView<double> r) => Atomic.Add(ref r[0], x[i]);

    [Theory]
    [InlineData(80)]
    [InlineData(50)]
    public void Doubles_are_added_by_an_instruction_or_by_a_loop(int capability)
    {
        using var accelerator = GpuGrad.Tests.Support.Ptx.PtxInterpreter.Create(capability);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<double>>(Doubles);
        double[] x = [.. Enumerable.Range(0, 33).Select(v => v * 0.5)];
        using var dx = accelerator.Allocate1D(x);
        using var r = accelerator.Allocate1D(new double[1]);
        kernel(x.Length, dx.View, r.View);
        Assert.Equal(x.Sum(), r.GetAsArray1D()[0]);
        Assert.Equal(capability == 80, ILGPU.Bundled.KernelInspection.ToPtx((Action<Index1D, ArrayView<double>, ArrayView<double>>)Doubles, capability)
            .Contains("atom.global.add.f64", StringComparison.Ordinal));
    }

    private static void Grouped(ArrayView<int> x, ArrayView<int> r)
    {
        ArrayView<int> bins = SharedMemory.Allocate<int>(16);
        if (Group.IdxX < 16)
            bins[Group.IdxX] = 0;
        Group.Barrier();
        Atomic.Add(ref bins[x[Grid.GlobalIndex.X] & 15], 1);
        Group.Barrier();
        if (Group.IdxX < 16)
            Atomic.Add(ref r[Group.IdxX], bins[Group.IdxX]);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void A_histogram_is_counted_in_shared_memory(string device)
    {
        int[] x = [.. Enumerable.Range(0, 256).Select(i => i * i)];
        int[] bins = KernelRunner.Groups<int, int>(device, Grouped, new KernelConfig(4, 64), x, 16);
        Assert.Equal(Enumerable.Range(0, 16).Select(b => x.Count(v => (v & 15) == b)), bins);
    }
}
