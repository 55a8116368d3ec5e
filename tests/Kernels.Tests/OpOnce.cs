using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>One op over numbers on a device, for tests of single properties.</summary>
internal sealed class OpOnce : IDisposable
{
    private readonly DeviceMemory memory;
    private readonly Plan plan;
    private readonly IReadOnlyList<Tensor> inputs;
    private readonly IReadOnlyList<Tensor> outputs;
    private readonly IReadOnlyList<Tensor?> gradients;

    private OpOnce(Device device, Op op, (Shape Shape, double[] Values)[] reals, int[]? integers, bool differentiate)
    {
        memory = new DeviceMemory(device);
        var graph = new Graph();
        var all = reals.Select((r, i) => graph.Persistent($"input{i}", new TensorType(r.Shape))).ToList();
        for (int i = 0; i < reals.Length; i++)
            memory.Write(all[i].Placement!.Value.Slot, 0, reals[i].Values);
        if (integers is not null)
        {
            all.Add(graph.Persistent("integers", new TensorType(new Shape(integers.Length), ElementType.Int32)));
            memory.Write(all[^1].Placement!.Value.Slot, 0, integers);
        }
        inputs = all;
        outputs = graph.AddAll(op, [.. all]);
        graph.Phase = Phase.Backward;
        gradients = differentiate ? graph.Differentiate(outputs[0], [all[0]]) : [];
        plan = Plan.Of(graph, memory, new PlanOptions { Keep = [.. outputs, .. gradients.OfType<Tensor>()], Fuse = false });
        plan.Run();
    }

    /// <summary>The first output.</summary>
    public double[] Output => plan.Read(outputs[0]);

    /// <summary>The gradient of the first output, which must be one number, in the first input.</summary>
    public double[] Gradient => plan.Read(gradients[0]!);

    public double[] OutputAt(int index) => plan.Read(outputs[index]);

    public double[] InputAt(int index) => plan.Read(inputs[index]);

    /// <summary>Runs the op once over reals, then (the op's last input) integers.</summary>
    public static OpOnce Of(Device device, Op op, (Shape Shape, double[] Values)[] reals, int[]? integers = null, bool differentiate = false) =>
        new(device, op, reals, integers, differentiate);

    public void Dispose()
    {
        plan.Dispose();
        memory.Dispose();
    }
}
