using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Ops.Dropout;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>Random draws have the same bits on every device, and posted values arrive between the right runs.</summary>
[Collection("accelerators")]
public sealed class KernelBatchTests
{
    public static TheoryData<string> Devices => ["emulated", "ptx", "opencl:0"];

    [Theory]
    [MemberData(nameof(Devices))]
    public void Masks_moves_and_batches_have_the_bits_of_the_cpu(string id)
    {
        using Device device = KernelConformanceTests.Open(id);
        using var cpu = new CpuDevice(1);
        var random = new RandomStream(3, Purpose.Explore);
        foreach (OpCase testCase in Cases(random))
        {
            using var expected = new CaseRun(testCase, cpu);
            using var actual = new CaseRun(testCase, device);
            expected.Run();
            actual.Run();
            foreach ((string name, double[] values) in expected.Results)
                Assert.Null(Tolerance.Exact.Explain($"{testCase}: {name}", values, actual.Results[name]));
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Posted_numbers_arrive_between_the_runs_around_them(string id)
    {
        using Device device = KernelConformanceTests.Open(id);
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        Tensor order = graph.Persistent("order", new TensorType(new Shape(9), ElementType.Int32));
        Tensor clock = graph.Persistent("clock", new TensorType(new Shape(ClockLayout.Length), ElementType.Int32));
        Tensor chosen = graph.Add(new SelectBatch(3), order, clock);
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [chosen] });
        memory.Write(order.Placement!.Value.Slot, 0, [8, 3, 5, 1, 0, 7, 2, 6, 4]);
        var found = new int[3];
        foreach ((int cursor, int[] expected) in new[] { (0, new[] { 8, 3, 5 }), (6, [2, 6, 4]), (2, [5, 1, 0]) })
        {
            memory.Post(clock.Placement!.Value.Slot, [0, 0, 0, 0, 0, cursor, 0, 0, 0]);
            plan.Run();
            plan.Read(chosen, found.AsSpan());
            Assert.Equal(expected, found);
        }
        var words = new int[ClockLayout.Length];
        memory.Post(clock.Placement!.Value.Slot, [1, -2, 3, -4, 5, -6, 7, int.MinValue, int.MaxValue]);
        memory.Read(clock.Placement!.Value.Slot, 0, words.AsSpan());
        Assert.Equal([1, -2, 3, -4, 5, -6, 7, int.MinValue, int.MaxValue], words);
    }

    private static IEnumerable<OpCase> Cases(RandomStream random)
    {
        foreach ((bool channels, double rate) in new[] { (false, 0.5), (false, 0.1), (true, 0.3) })
            yield return new OpCase("dropout", new Dropout(rate, 5, channels), [CaseInput.Normal(random, new Shape(33, 7, 5)), Words(random)]) { Differentiable = false };
        foreach (Augmentation augmentation in new[]
        {
            new Augmentation { FlipHorizontal = true, Shift = 3 },
            new Augmentation { FlipVertical = true, Shift = 1 },
            new Augmentation { EraseProbability = 0.6, EraseArea = 0.4 },
        })
        {
            yield return new OpCase("augment", new AugmentImages(augmentation), [
                CaseInput.Integers(random, new Shape(17, 2, 9, 11), 256, ElementType.Byte), CaseInput.Integers(random, new Shape(13), 17),
                CaseInput.Constant(new Shape(2), 1, 1), CaseInput.Constant(new Shape(2), 0, 0), Words(random)])
            { Differentiable = false };
        }
        yield return new OpCase("one-hot", new OneHot(7), [CaseInput.Integers(random, new Shape(33), 7)]) { Differentiable = false };
        yield return new OpCase("one-hot of one", new OneHot(1), [CaseInput.Integers(random, new Shape(5), 2)]) { Differentiable = false };
    }

    private static CaseInput Words(RandomStream random) =>
        new(new TensorType(new Shape(DropoutMask.RngLength), ElementType.Int32), [.. Enumerable.Range(0, DropoutMask.RngLength).Select(_ => (double)(int)random.NextBits())], Differentiable: false);
}
