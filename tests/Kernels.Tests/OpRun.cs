using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>An op on given numbers: its first output, and the gradients of Σ y·dy in its inputs.</summary>
internal static class OpRun
{
    public static (double[] Y, double[][] Gradients) WithGradients(Device device, Op op, IReadOnlyList<(Shape Shape, double[] Values)> inputs, double[]? dy = null)
    {
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        Tensor[] x = [.. inputs.Select((input, i) => Place(graph, memory, $"x{i}", input.Shape, input.Values))];
        Tensor y = graph.AddAll(op, x)[0];
        int length = y.Shape.Count;
        Tensor weights = Place(graph, memory, "dy", new Shape(length, 1), dy ?? [.. Enumerable.Repeat(1.0, length)]);
        Tensor loss = graph.Add(new MatMul(), graph.Reshape(y, new Shape(1, length)), weights);
        graph.Phase = Phase.Backward;
        Tensor[] gradients = [.. graph.Differentiate(loss, x).Select(g => g!)];
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [y, .. gradients], Fuse = false });
        plan.Run();
        return (plan.Read(y), [.. gradients.Select(plan.Read)]);
    }

    public static double[] Forward(Device device, Op op, bool fuse, Op? then, params IReadOnlyList<(Shape Shape, double[] Values)> inputs)
    {
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        Tensor[] x = [.. inputs.Select((input, i) => Place(graph, memory, $"x{i}", input.Shape, input.Values))];
        Tensor y = graph.Add(op, then is null ? x : x[..^1]);
        if (then is not null)
            y = graph.Add(then, x[^1], y);
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [y], Fuse = fuse });
        Assert.Equal(then is null || fuse ? 1 : 2, plan.Nodes.Count);
        plan.Run();
        return plan.Read(y);
    }

    public static Tensor Place(Graph graph, DeviceMemory memory, string name, Shape shape, double[] values)
    {
        Tensor tensor = graph.Persistent(name, new TensorType(shape));
        memory.Write(tensor.Placement!.Value.Slot, 0, values);
        return tensor;
    }
}
