using ILGPU;
using ILGPU.Bundled;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Util;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>The emulated device checks what a GPU leaves to luck.</summary>
public sealed class EmulationTests
{
    private static void Beyond(Index1D i, ArrayView<int> x) => x[i + 1] = i;

    [Fact]
    public void An_access_out_of_bounds_names_kernel_thread_and_index()
    {
        Accelerator accelerator = TestDevice.Open(TestDevice.Emulated);
        using var x = accelerator.Allocate1D<int>(100);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(Beyond);
        KernelFaultException e = Assert.Throws<KernelFaultException>(() => kernel(100, x.View));
        Messages.Has(e, "Kernel 'Beyond', thread (35, 0, 0) of group (1, 0, 0): index 100 is outside a view of 100 Int32 elements.");
        Assert.IsType<IndexOutOfRangeException>(e.InnerException);
        Assert.Equal(AcceleratorType.CPU, e.AcceleratorType);
        // The device is none the worse for it.
        kernel(99, x.View);
        Assert.Equal(98, x.GetAsArray1D()[99]);
    }

    private static void Negative(Index1D i, ArrayView<int> x) => x.SubView(2, 3)[i - 1] = 1;
    private static void TooLong(Index1D i, ArrayView<int> x) => x.SubView(2, 30)[0] = 1;
    private static void Crooked(Index1D i, ArrayView<float> x) => x.SubView(1, 4).Cast<Float4>()[0] = default;

    [Fact]
    public void Bad_views_are_errors_too()
    {
        Accelerator accelerator = TestDevice.Open(TestDevice.Emulated);
        using var x = accelerator.Allocate1D<int>(10);
        using var y = accelerator.Allocate1D<float>(10);
        Messages.Has(Assert.Throws<KernelFaultException>(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(Negative)(1, x.View)), "index -1 is outside a view of 3");
        Messages.Has(Assert.Throws<KernelFaultException>(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(TooLong)(1, x.View)), "sub-view of 30 elements from 2 is outside a view of 10");
        Messages.Has(Assert.Throws<KernelFaultException>(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>>(Crooked)(1, y.View)), "must begin at a multiple of 16 bytes; this one is 4 bytes off");
    }

    private static void Unwritten(ArrayView<float> r)
    {
        r[Group.IdxX] = SharedMemory.Allocate<float>(4)[0] + LocalMemory.Allocate<float>(4)[0];
    }

    [Fact]
    public void Memory_that_nobody_wrote_is_NaN()
    {
        Accelerator accelerator = TestDevice.Open(TestDevice.Emulated);
        using var r = accelerator.Allocate1D<float>(3);
        Assert.All(r.GetAsArray1D(), v => Assert.True(float.IsNaN(v)));
        r.MemSetToZero();
        accelerator.LoadStreamKernel<ArrayView<float>>(Unwritten)(new KernelConfig(1, 2), r.View);
        Assert.Equal([float.NaN, float.NaN, 0f], r.GetAsArray1D());
    }

    private static void EarlyExit(ArrayView<int> x)
    {
        if (Group.IdxX == 3)
            return;
        Group.Barrier();
        x[Group.IdxX] = 1;
    }

    private static void TwoBarriers(ArrayView<int> x)
    {
        if (Group.IdxX < 3)
        {
            Group.Barrier();
            x[Group.IdxX] = 1;
        }
        else
        {
            Group.Barrier();
            x[Group.IdxX] = 2;
        }
    }

    [Fact]
    public void Divergent_barriers_are_errors_that_tell_who_waits_where()
    {
        Accelerator accelerator = TestDevice.Open(TestDevice.Emulated);
        using var x = accelerator.Allocate1D<int>(8);
        KernelFaultException exit = Assert.Throws<KernelFaultException>(() => accelerator.LoadStreamKernel<ArrayView<int>>(EarlyExit)(new KernelConfig(1, 8), x.View));
        Messages.Has(exit, "Kernel 'EarlyExit', group (0, 0, 0): the threads have diverged: 7 (thread 0 first) wait at Group.Barrier in EmulationTests.EarlyExit", "1 (thread 3 first) have ended");
        KernelFaultException two = Assert.Throws<KernelFaultException>(() => accelerator.LoadStreamKernel<ArrayView<int>>(TwoBarriers)(new KernelConfig(1, 8), x.View));
        Messages.Has(two, "3 (thread 0 first) wait at Group.Barrier in EmulationTests.TwoBarriers", "5 (thread 3 first) wait at Group.Barrier in EmulationTests.TwoBarriers");
    }

    private static void FailsAfterBarrier(ArrayView<int> x)
    {
        Group.Barrier();
        x[Group.IdxX == 5 ? 100 : 0] = 1;
        Group.Barrier();
    }

    [Fact]
    public void A_fault_between_barriers_ends_the_launch_and_leaves_the_device_usable()
    {
        using Context context = Context.Create(b => b.CPU(CPUDeviceKind.Nvidia));
        using Accelerator accelerator = context.CreateCPUAccelerator(0);
        using var x = accelerator.Allocate1D<int>(8);
        var kernel = accelerator.LoadStreamKernel<ArrayView<int>>(FailsAfterBarrier);
        for (int i = 0; i < 20; i++)
            Messages.Has(Assert.Throws<KernelFaultException>(() => kernel(new KernelConfig(2, 8), x.View)), "thread (5, 0, 0) of group (0, 0, 0)");
        kernel(new KernelConfig(1, 5), x.View);
    }

    private static void Who(ArrayView<int> ids) => ids[Grid.GlobalIndex.X] = Environment.CurrentManagedThreadId;

    [Fact]
    public void Kernels_without_barriers_run_on_the_calling_thread()
    {
        Accelerator accelerator = TestDevice.Open(TestDevice.Emulated);
        using var ids = accelerator.Allocate1D<int>(96);
        accelerator.LoadStreamKernel<ArrayView<int>>(Who)(new KernelConfig(3, 32), ids.View);
        Assert.All(ids.GetAsArray1D(), id => Assert.Equal(Environment.CurrentManagedThreadId, id));
    }

    [Fact]
    public void Kernel_only_operations_fail_outside_kernels() => Assert.Throws<InvalidKernelOperationException>(() => Group.IdxX);

    [Fact]
    public void A_group_that_is_too_big_or_empty_is_refused()
    {
        Accelerator accelerator = TestDevice.Open(TestDevice.Emulated);
        using var x = accelerator.Allocate1D<int>(8);
        var kernel = accelerator.LoadStreamKernel<ArrayView<int>>(Who);
        Messages.Has(Assert.Throws<ArgumentOutOfRangeException>(() => kernel(new KernelConfig(1, 2000), x.View)), "Kernel 'Who'", "at most 1024 threads");
        Assert.Throws<ArgumentOutOfRangeException>(() => kernel(new KernelConfig(0, 32), x.View));
    }

    private static void TooMuch(ArrayView<int> x) => SharedMemory.Allocate<int>(20_000)[x[0]] = 1;

    [Fact]
    public void Shared_memory_is_limited_as_on_a_GPU()
    {
        Accelerator accelerator = TestDevice.Open(TestDevice.Emulated);
        using var x = accelerator.Allocate1D<int>(1);
        Messages.Has(Assert.Throws<KernelFaultException>(() => accelerator.LoadStreamKernel<ArrayView<int>>(TooMuch)(new KernelConfig(1, 1), x.View)), "80000 bytes of shared memory; the device has 49152");
        using var cuda = GpuGrad.Tests.Support.Ptx.PtxInterpreter.Create();
        Messages.Has(Assert.Throws<CapabilityNotSupportedException>(() => cuda.LoadStreamKernel<ArrayView<int>>(TooMuch)), "80000 bytes of shared memory");
    }

    [Fact]
    public void Emulated_devices_have_the_shapes_of_ILGPU()
    {
        using Context context = Context.Create(b => b.CPU());
        Assert.Equal([(4, 16), (32, 1024), (32, 256), (64, 256), (16, 128)], context.Devices.Select(d => (d.WarpSize, d.MaxNumThreadsPerGroup)));
        Assert.Same(CPUDevice.Nvidia, context.GetCPUDevice(1));
        Assert.Equal(5, context.GetCPUDevices().Count);
    }
}
