using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using ILGPU;
using Device = GpuGrad.Kernels.Devices.Device;

namespace GpuGrad.Kernels.Tests;

/// <summary>Guard mode where the process survives: writes on the side without the guard page. Accesses that crash are in the torture tests.</summary>
[Collection("accelerators")]
public sealed unsafe class GuardTests
{
    [Theory]
    [InlineData(GuardSide.End, 1)]
    [InlineData(GuardSide.End, 8185)]
    [InlineData(GuardSide.Start, 1)]
    [InlineData(GuardSide.Start, 4097)]
    public void A_buffer_ends_or_starts_at_a_page_and_a_write_on_its_other_side_is_reported(GuardSide side, int bytes)
    {
        using var buffer = new HostBuffer("buffer", bytes, side);
        Assert.Equal(0, (nint)(side == GuardSide.End ? buffer.At(bytes) : buffer.At(0)) % Environment.SystemPageSize);
        for (int i = 0; i < bytes; i++)
            Assert.Equal(0, *buffer.At(i));
        buffer.Fill(1);
        Assert.Null(buffer.Damage());
        *buffer.At(side == GuardSide.End ? -3 : bytes + 2) = 0;
        Assert.Equal(side == GuardSide.End ? "written 3 bytes before its start" : "written 3 bytes past its end", buffer.Damage());
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("ptx")]
    [InlineData("opencl:0")]
    public void An_op_that_writes_outside_its_buffer_is_named(string id)
    {
        using Device device = id == "cpu" ? new CpuDevice(2) : KernelConformanceTests.Open(id);
        device.Guard = GuardSide.Start; // a write past the end is then reported instead of crashing
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        Tensor y = graph.Add(new Trespasser());
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [y] });
        Exception thrown = Assert.Throws<GpuGradException>(plan.Run);
        // An emulation may look at every index itself, and names the kernel then.
        Assert.Matches(@"Trespasser.*\(20 bytes\) was written 1 bytes past its end|Kernel 'Store'", thrown.Message);
    }

    [Fact]
    public void Temporaries_and_scratch_have_their_own_buffers_filled_with_NaN()
    {
        using var device = new CpuDevice(2) { Guard = GuardSide.End };
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        Tensor y = graph.Add(new Reader());
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [y] });
        for (int run = 0; run < 2; run++)
        {
            plan.Run();
            Assert.Equal([1, 1, 1], plan.Read(y));
        }
    }

    /// <summary>Writes one number past the end of its output.</summary>
    private sealed record Trespasser : Op
    {
        public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs) => [new TensorType(new Shape(5))];

        public override void Reference(ReferenceArguments a) => throw new NotSupportedException();

        public override void Cpu(CpuBinding b)
        {
            float* y = b.Out();
            b.Serial(() => new Span<float>(y, 6).Clear());
        }

        public override void Kernel(KernelBinding b)
        {
            ArrayView<float> y = b.Out();
            var run = b.Loader.Items<ArrayView<float>>(Store);
            b.Launch(() => run(6, y));
        }

        private static void Store(Index1D i, ArrayView<float> y) => y[i] = 0;
    }

    /// <summary>Outputs 1 if scratch memory and the output hold NaN at first, if buffers end at a page, and if workers have their own; then overwrites the NaN.</summary>
    private sealed record Reader : Op
    {
        public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs) => [new TensorType(new Shape(3))];

        public override void Reference(ReferenceArguments a) => throw new NotSupportedException();

        public override void Cpu(CpuBinding b)
        {
            float* y = b.Out();
            ScratchRegion shared = b.Scratch(3);
            WorkerScratch own = b.ScratchOfWorkers(3);
            b.Serial(() =>
            {
                bool unwritten = float.IsNaN(y[0]) && float.IsNaN(shared.Pointer[2]) && float.IsNaN(own.Of(0)[0]) && float.IsNaN(own.Of(1)[2]);
                y[0] = unwritten ? 1 : 0;
                (shared.Pointer[2], own.Of(0)[0], own.Of(1)[2]) = (0, 0, 0);
                y[1] = Ends(y + 3) && Ends(shared.Pointer + 3) && Ends(own.Of(0) + 3) && Ends(own.Of(1) + 3) ? 1 : 0;
                y[2] = own.Of(0) != own.Of(1) ? 1 : 0;
            });
        }

        private static bool Ends(float* end) => (nint)end % Environment.SystemPageSize == 0;
    }
}
