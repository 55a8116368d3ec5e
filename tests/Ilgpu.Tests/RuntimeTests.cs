using GpuGrad.Tests.Support;
using ILGPU;
using ILGPU.Bundled;
using ILGPU.Runtime;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Buffers, copies, launches, errors: the runtime around the kernels, the same on every device.</summary>
public sealed class RuntimeTests
{
    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Data_goes_to_the_device_and_back(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        foreach (int n in new[] { 1, 33, 257 })
        {
            float[] data = [.. Enumerable.Range(0, n).Select(i => i + 0.5f)];
            using var a = accelerator.Allocate1D<float>(n);
            using var b = accelerator.Allocate1D(data);
            Assert.Equal((n, 4L * n, 4), (a.Length, a.LengthInBytes, a.ElementSize));
            a.View.CopyFrom(b.View);
            Assert.Equal(data, a.GetAsArray1D());
            a.View.MemSet(0x41);
            Assert.All(a.View.GetAsArray1D(), v => Assert.Equal(0x41414141, BitConverter.SingleToInt32Bits(v)));
            a.CopyFromCPU(data);
            a.View.SubView(0, 1).MemSetToZero();
            float[] back = new float[n];
            a.CopyToCPU(back);
            Assert.Equal([0f, .. data[1..]], back);
            b.View.SubView(n - 1, 1).CopyTo(accelerator.DefaultStream, a.View.SubView(0, 1));
            Span<float> first = new float[1];
            a.View.SubView(0, 1).CopyToCPU(accelerator.DefaultStream, first);
            Assert.Equal(data[^1], first[0]);
            ReadOnlySpan<float> two = [7f];
            a.View.SubView(n / 2, 1).CopyFromCPU(accelerator.DefaultStream, two);
            float one = 0;
            ((ArrayView<float>)a.View).SubView(n / 2).CopyToCPU(ref one, 1);
            Assert.Equal(7f, one);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void An_arena_is_cut_into_views_of_any_type(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        using MemoryBuffer arena = accelerator.AllocateRaw(1000, 1);
        ArrayView<int> ints = arena.AsArrayView<int>(5, 10);
        ArrayView<double> doubles = arena.AsRawArrayView(104, 80).Cast<double>();
        ints.CopyFromCPU([.. Enumerable.Range(0, 10)]);
        doubles.CopyFromCPU([.. Enumerable.Range(0, 10).Select(i => i * 0.5)]);
        Assert.Equal(Enumerable.Range(0, 10), ints.GetAsArray());
        Assert.Equal(4.5, doubles.GetAsArray()[9]);
        Assert.Equal(9, arena.AsRawArrayView(20 + 36, 4).Cast<int>().GetAsArray()[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => arena.AsArrayView<int>(248, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => ints.CopyFromCPU(new int[11]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ints.SubView(5, 6));
    }

    private static void Increment(Index1D i, ArrayView<int> x, int by) => x[i] += by;

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void A_launch_allocates_no_managed_memory(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        using var x = accelerator.Allocate1D(new int[257]);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(Increment);
        var explicitly = accelerator.LoadKernel<ArrayView<int>, int>(Everywhere);
        ArrayView<int> view = x.View;
        void Launch()
        {
            kernel(257, view, 1);
            explicitly(accelerator.DefaultStream, new KernelConfig(2, 64), view, 1);
        }
        // The interpreter itself allocates: only what is before the driver call counts there.
        long allowed = device == TestDevice.Ptx ? long.MaxValue : 0;
        for (int i = 0; i < 200; i++)
            Launch();
        accelerator.Synchronize();
        int rounds = 0;
        long allocated = Spent.Bytes(() =>
        {
            for (int i = 0; i < 100; i++)
                Launch();
            rounds++;
        });
        accelerator.Synchronize();
        Assert.InRange(allocated, 0, allowed);
        int launches = 200 + (100 * rounds);
        Assert.Equal([2 * launches, 2 * launches, launches], [x.GetAsArray1D()[0], x.GetAsArray1D()[127], x.GetAsArray1D()[256]]);
    }

    private static void Everywhere(ArrayView<int> x, int by) => x[Grid.GlobalIndex.X] += by;

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void An_empty_extent_launches_nothing(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        using var x = accelerator.Allocate1D(new int[1]);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(Increment)(0, x.View, 1);
        accelerator.LoadImplicitlyGroupedStreamKernel<Index1D, ArrayView<int>, int>(Increment, 32)(1, x.View, 5);
        Assert.Equal([5], x.GetAsArray1D());
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void A_view_of_a_disposed_buffer_is_refused(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        var x = accelerator.Allocate1D(new int[4]);
        ArrayView<int> view = x.View;
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(Increment);
        x.Dispose();
        Messages.Has(Assert.Throws<ObjectDisposedException>(() => kernel(4, view, 1)), "The view's buffer has been disposed.");
        Assert.Throws<ObjectDisposedException>(() => view.GetAsArray());
        Assert.Throws<ObjectDisposedException>(() => view.MemSetToZero());
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void A_view_of_another_accelerator_is_refused(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        using var x = TestDevice.Open(TestDevice.Emulated).Allocate1D(new int[4]);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(Increment);
        Messages.Has(Assert.Throws<ArgumentException>(() => kernel(4, x.View, 1)), "Kernel 'Increment': the view 'x' is of another accelerator's memory.");
        using var y = accelerator.Allocate1D(new int[4]);
        Assert.Throws<NotSupportedException>(() => y.View.CopyFrom(x.View));
        Assert.Throws<InvalidOperationException>(() => ((ArrayView<int>)y.View)[0]);
    }

    private static void Special(Index1D i, SpecializedValue<int> factor, ArrayView<int> x, SpecializedValue<int> size)
    {
        ArrayView<int> local = LocalMemory.Allocate<int>(size);
        for (int k = 0; k < size.Value; k++)
            local[k] = k * factor;
        int sum = 0;
        for (int k = 0; k < size.Value; k++)
            sum += local[k];
        x[i] = sum;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Specialized_values_are_compiled_in_one_kernel_a_value(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        using var x = accelerator.Allocate1D<int>(3);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, SpecializedValue<int>, ArrayView<int>, SpecializedValue<int>>(Special);
        foreach ((int factor, int size) in new[] { (2, 4), (3, 4), (2, 5), (2, 4) })
        {
            kernel(3, SpecializedValue.New(factor), x.View, SpecializedValue.New(size));
            Assert.All(x.GetAsArray1D(), v => Assert.Equal(factor * size * (size - 1) / 2, v));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Streams_and_markers_measure_time(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        using AcceleratorStream stream = accelerator.CreateStream();
        using var x = accelerator.Allocate1D(stream, new int[1000]);
        var kernel = accelerator.LoadAutoGroupedKernel<Index1D, ArrayView<int>, int>(Increment);
        using ProfilingMarker start = stream.AddProfilingMarker();
        kernel(stream, 1000, x.View, 3);
        using ProfilingMarker end = stream.AddProfilingMarker();
        stream.Synchronize();
        Assert.InRange(end - start, TimeSpan.Zero, Patience.Limit);
        Assert.All(x.View.GetAsArray1D(stream), v => Assert.Equal(3, v));
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Page_locked_memory_is_copied_without_waiting(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        int[] host = GC.AllocateArray<int>(100, pinned: true);
        for (int i = 0; i < 100; i++)
            host[i] = i;
        using var x = accelerator.Allocate1D<int>(100);
        using (PageLockScope<int> locked = accelerator.CreatePageLockFromPinned(host))
        {
            x.View.CopyFromPageLockedAsync(accelerator.DefaultStream, locked);
            accelerator.DefaultStream.Synchronize();
            Array.Clear(host);
            x.View.CopyToPageLockedAsync(locked);
            accelerator.Synchronize();
        }
        Assert.Equal(Enumerable.Range(0, 100), host);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Disposing_an_accelerator_frees_what_it_owns(string device)
    {
        TestDevice.Open(device);
        using Context context = TestDevice.NewContext(device);
        Accelerator accelerator = context.Devices[0].CreateAccelerator(context);
        var buffers = Enumerable.Range(0, 10).Select(_ => accelerator.Allocate1D<int>(100)).ToList();
        Assert.True(accelerator.NumberChildObjects > 10);
        buffers[3].Dispose();
        buffers[3].Dispose();
        accelerator.Dispose();
        Assert.All(buffers, b => Assert.True(b.IsDisposed));
        Assert.Throws<ObjectDisposedException>(() => accelerator.Allocate1D<int>(1));
    }

    /// <summary>SQLite's way: fail the first allocation, the second, ... until nothing fails any more.</summary>
    [SkippableTheory]
    [InlineData(TestDevice.Emulated, "allocate", 1)]
    [InlineData(TestDevice.Ptx, "cuMemAlloc_v2", 2)]
    [InlineData(TestDevice.OpenCL, "clCreateBuffer", -4)]
    public void Every_failing_allocation_is_an_out_of_memory_error_that_leaks_nothing(string device, string call, int code)
    {
        TestDevice.Open(device);
        using Context context = TestDevice.NewContext(device);
        using Accelerator accelerator = context.Devices[0].CreateAccelerator(context);
        int owned = accelerator.NumberChildObjects, thread = Environment.CurrentManagedThreadId, failures = 0;
        for (int n = 1; ; n++)
        {
            int calls = 0;
            DriverFaults.Inject = (_, name) => name == call && Environment.CurrentManagedThreadId == thread && ++calls == n ? code : null;
            try
            {
                using var a = accelerator.Allocate1D<float>(1000);
                using var b = accelerator.Allocate1D(new float[10]);
                using MemoryBuffer c = accelerator.AllocateRaw(77, 1);
                break;
            }
            catch (DeviceOutOfMemoryException e)
            {
                failures++;
                Assert.True(e.WantedBytes is 4000 or 40 or 77);
                Messages.Has(e, "Out of device memory: wanted", "total");
            }
            finally
            {
                DriverFaults.Inject = null;
            }
            Assert.Equal(owned, accelerator.NumberChildObjects);
        }
        Assert.Equal(3, failures);
        Assert.Equal(owned, accelerator.NumberChildObjects);
    }

    [SkippableTheory]
    [InlineData(TestDevice.Ptx, "cuLaunchKernel", 1, typeof(ILGPU.Runtime.Cuda.CudaException), "CUDA_ERROR_INVALID_VALUE")]
    [InlineData(TestDevice.Ptx, "cuLaunchKernel", 700, typeof(DeviceLostException), "CUDA_ERROR_ILLEGAL_ADDRESS")]
    [InlineData(TestDevice.OpenCL, "clEnqueueNDRangeKernel", -54, typeof(ILGPU.Runtime.OpenCL.CLException), "CL_INVALID_WORK_GROUP_SIZE")]
    [InlineData(TestDevice.OpenCL, "clEnqueueNDRangeKernel", -36, typeof(DeviceLostException), "CL_INVALID_COMMAND_QUEUE")]
    public void A_failing_launch_names_call_error_kernel_and_shape(string device, string call, int code, Type type, string error)
    {
        Accelerator accelerator = TestDevice.Open(device);
        using var x = accelerator.Allocate1D(new int[100]);
        var kernel = accelerator.LoadStreamKernel<ArrayView<int>, int>(Everywhere);
        int thread = Environment.CurrentManagedThreadId;
        DriverFaults.Inject = (_, name) => name == call && Environment.CurrentManagedThreadId == thread ? code : null;
        try
        {
            Exception e = Assert.Throws(type, () => kernel(new KernelConfig(new Index3D(2, 1, 1), new Index3D(10, 5, 1)), x.View, 1));
            Messages.Has(e, error, "kernel 'RuntimeTests.Everywhere' with grid (2, 1, 1), group (10, 5, 1)");
        }
        finally
        {
            DriverFaults.Inject = null;
        }
    }

    [SkippableTheory]
    [InlineData(TestDevice.Ptx, "cuStreamSynchronize", 719)]
    [InlineData(TestDevice.OpenCL, "clFinish", -14)]
    public void An_error_found_while_waiting_names_the_last_launch(string device, string call, int code)
    {
        Accelerator accelerator = TestDevice.Open(device);
        using AcceleratorStream stream = accelerator.CreateStream();
        using var x = accelerator.Allocate1D(new int[100]);
        accelerator.LoadKernel<ArrayView<int>, int>(Everywhere)(stream, new KernelConfig(10, 10), x.View, 1);
        int thread = Environment.CurrentManagedThreadId;
        DriverFaults.Inject = (_, name) => name == call && Environment.CurrentManagedThreadId == thread ? code : null;
        try
        {
            Messages.Has(Assert.Throws<DeviceLostException>(stream.Synchronize), "device is lost", "after the launch of kernel 'RuntimeTests.Everywhere' with grid (10, 1, 1), group (10, 1, 1)");
        }
        finally
        {
            DriverFaults.Inject = null;
        }
    }
}
