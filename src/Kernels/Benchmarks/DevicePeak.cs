using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Benchmarks;

/// <summary>Bandwidth of a level of the memory hierarchy.</summary>
/// <param name="Name">Name: L2, L3, memory.</param>
/// <param name="Bytes">The measured size; larger working sets belong to the next level.</param>
/// <param name="BytesPerSecond">Reads plus writes.</param>
public sealed record MemoryLevel(string Name, long Bytes, double BytesPerSecond);

/// <summary>The measured peak of a device: the roofline that benchmarks are compared with.</summary>
/// <param name="Flops">Float operations per second; a fused multiply-add counts as two.</param>
/// <param name="Levels">Memory levels, smallest first.</param>
/// <param name="How">How it was measured.</param>
public sealed record DevicePeak(double Flops, IReadOnlyList<MemoryLevel> Levels, string How)
{
    /// <summary>Measures for about a second and takes the best of many tries, because a peak is not an average.</summary>
    public static DevicePeak Of(Device device) => device is CpuDevice cpu ? CpuPeak.Measure(cpu.Threads) : OfOps(device);

    /// <summary>Bandwidth of the memory level that holds this many bytes.</summary>
    public double Bandwidth(double bytes) => (Levels.FirstOrDefault(l => bytes <= l.Bytes) ?? Levels[^1]).BytesPerSecond;

    /// <summary>The least time in seconds for this work: arithmetic or memory, whichever is slower.</summary>
    public double Floor(Cost cost) => Math.Max(cost.Flops / Flops, cost.Bytes / Bandwidth(cost.Bytes));

    // Where no loop of our own can be written for the device: its best matmul and its best copy.
    private static DevicePeak OfOps(Device device)
    {
        const double Enough = 0.02;
        double flops = 0, bandwidth = 0;
        long copied = 0;
        for ((int size, double spent) = (64, 0); size <= 8192 && spent < Enough; size *= 2)
        {
            spent = Best(device, new MatMul(), new Shape(size, size), new Shape(size, size));
            flops = Math.Max(flops, 2.0 * size * size * size / spent);
        }
        for ((int length, double spent) = (1 << 16, 0); length <= 1 << 27 && spent < Enough; length *= 2)
        {
            spent = Best(device, new Copy(), new Shape(length));
            (bandwidth, copied) = (8.0 * length / spent, 8L * length);
        }
        return new DevicePeak(flops, [new MemoryLevel("memory", copied, bandwidth)], "the best matmul and a copy");
    }

    // The best time in seconds.
    private static double Best(Device device, Op op, params ReadOnlySpan<Shape> shapes)
    {
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        var inputs = new Tensor[shapes.Length];
        for (int i = 0; i < shapes.Length; i++)
            inputs[i] = graph.Persistent($"input{i}", new TensorType(shapes[i]));
        Tensor output = graph.Add(op, inputs);
        using Plan plan = Plan.Of(graph, memory, new PlanOptions { Keep = [output] });
        return Timing.Of(
            () =>
            {
                plan.Run();
                plan.Synchronize();
            },
            0.05, fewest: 2).Min / 1000;
    }
}
