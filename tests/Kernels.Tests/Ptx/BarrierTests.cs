using System.Runtime.InteropServices;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Loading;
using GpuGrad.Tests.Support.Ptx;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace GpuGrad.Kernels.Tests.Ptx;

/// <summary>ILGPU's O1 leaves loads and stores of shared memory on their side of every barrier; its O2 does not, which is why no context of ours asks for it.</summary>
[Collection("accelerators")]
public sealed unsafe class BarrierTests
{
    private const int Threads = 64;

    private static readonly string[] Written = ["st", "bar", "ld", "bar", "st"];

    /// <summary>Each thread reads what another is about to overwrite, and half of them use it, in a block of their own.</summary>
    internal static void Exchange(ArrayView<float> x, ArrayView<float> y)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(Threads);
        int i = Group.IdxX;
        shared[i] = x[i];
        Group.Barrier();
        float other = shared[Threads - 1 - i];
        Group.Barrier();
        shared[i] = -1f;
        y[i] = -2f;
        if (x[i] % 2f == 0f)
            y[i] = other;
    }

    [Fact]
    public void Shared_memory_is_read_and_written_on_its_side_of_every_barrier()
    {
        string text = Text(null);
        Assert.Equal(Written, Order(text));
        Assert.Equal(Enumerable.Range(0, Threads).Select(i => i % 2 == 0 ? Threads - 1f - i : -2f), Run(text));
    }

    /// <summary>17 of these 24 cases race on such a device; the first is enough.</summary>
    [Fact]
    public void An_O2_build_races_where_O1_does_not()
    {
        OpCase norm = OpFamilies.All.Single(f => f.Name == "normalization").Cases(1).First();
        Context context = IlgpuContext.Create(static b => b.Cuda().Optimize(OptimizationLevel.O2));
        using (var device = new IlgpuDevice("cuda:0", context.GetCudaDevice(0).CreateAccelerator(context), context))
            Assert.Equal(Fault.Device, Assert.Throws<GpuGradException>(() => OpCheck.Against(norm, device)).Fault);
        Assert.Contains("with no barrier between", PtxInterpreter.LastFault, StringComparison.Ordinal);

        using IlgpuDevice right = (IlgpuDevice)KernelConformanceTests.Open("ptx");
        Assert.Empty(OpCheck.Against(norm, right).Problems);
    }

    [Theory]
    [InlineData("emulated")]
    [InlineData("ptx")]
    [InlineData("opencl:0")]
    public void No_device_asks_for_it(string id)
    {
        using var device = (IlgpuDevice)KernelConformanceTests.Open(id);
        Assert.Equal(OptimizationLevel.O1, device.Accelerator.Context.Properties.OptimizationLevel);
    }

    private static string Text(Action<Context.Builder>? configure)
    {
        using var inspection = new KernelInspection(80, configure);
        return inspection.Ptx(new KernelKey(typeof(BarrierTests).GetMethod(nameof(Exchange), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!, Threads));
    }

    // The kernel has no loop, so the order of the text is the order of time.
    private static string[] Order(string text) => [.. text.Split('\n').Select(l => l.Trim()).Select(l =>
        l.StartsWith("bar.", StringComparison.Ordinal) ? "bar" : l.StartsWith("ld.shared", StringComparison.Ordinal) ? "ld" : l.StartsWith("st.shared", StringComparison.Ordinal) ? "st" : "")
        .Where(o => o.Length > 0)];

    private static float[] Run(string text)
    {
        PtxMemory memory = new();
        nint x = memory.Allocate(Threads * sizeof(float)), y = memory.Allocate(Threads * sizeof(float));
        for (int i = 0; i < Threads; i++)
            ((float*)x)[i] = i;
        try
        {
            new PtxLaunch
            {
                Program = PtxDecoder.Decode(text).Values.Single(),
                Memory = memory,
                Grid = (1, 1, 1),
                Size = (Threads, 1, 1),
                DynamicShared = 0,
                Parameters = MemoryMarshal.AsBytes<long>([x, Threads, y, Threads]).ToArray(),
            }.Run();
            return new ReadOnlySpan<float>((float*)y, Threads).ToArray();
        }
        finally
        {
            memory.Release(x);
            memory.Release(y);
        }
    }
}
