using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>Runs an op on the reference device with a golden case's inputs and reports where it differs from the recorded outputs and gradients.</summary>
internal static class GoldenRun
{
    public static IReadOnlyList<string> Problems(GoldenCase golden, Op op)
    {
        using var device = new ReferenceDevice();
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        Tensor[] inputs = [.. golden.Inputs.Select((x, i) => Persistent(graph, memory, $"input{i}", x))];
        IReadOnlyList<Tensor> outputs = graph.AddAll(op, inputs);
        int[] wanted = [.. golden.Gradients.Keys.Select(int.Parse)];
        IReadOnlyList<Tensor?> gradients = wanted.Length == 0 ? [] : Gradients(graph, memory, outputs[0], golden.Upstream, [.. wanted.Select(i => inputs[i])]);
        var keep = outputs.Concat(gradients.OfType<Tensor>()).Where(t => t.Placement is null).ToList();
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = keep, Fuse = false });
        plan.Run();

        var problems = new List<string?>();
        for (int i = 0; i < golden.Outputs.Length; i++)
            problems.Add(Tolerance.Golden.Explain($"output {i}", golden.Outputs[i], plan.Read(outputs[i])));
        for (int i = 0; i < wanted.Length; i++)
        {
            problems.Add(gradients[i] is Tensor gradient
                ? Tolerance.Golden.Explain($"gradient of input {wanted[i]}", golden.Gradients[$"{wanted[i]}"], plan.Read(gradient))
                : $"no gradient of input {wanted[i]}");
        }
        foreach ((string input, double[] expected) in golden.Updated)
            problems.Add(Tolerance.Golden.Explain($"input {input} after the run", expected, plan.Read(inputs[int.Parse(input)])));
        return [.. problems.OfType<string>()];
    }

    private static Tensor Persistent(Graph graph, DeviceMemory memory, string name, GoldenOperand operand)
    {
        bool ints = operand.Type == "int";
        Tensor tensor = graph.Persistent(name, new TensorType(new Shape(operand.Shape), ints ? ElementType.Int32 : ElementType.Real));
        if (ints)
            memory.Write(tensor.Placement!.Value.Slot, 0, Array.ConvertAll(operand.Values, v => (int)v));
        else
            memory.Write(tensor.Placement!.Value.Slot, 0, operand.Values);
        return tensor;
    }

    // The loss is Σ y·upstream, so that upstream is the gradient that reaches y.
    private static IReadOnlyList<Tensor?> Gradients(Graph graph, DeviceMemory memory, Tensor y, double[] upstream, Tensor[] wanted)
    {
        Tensor weights = Persistent(graph, memory, "upstream", new GoldenOperand("real", [upstream.Length, 1], upstream));
        Tensor loss = graph.Add(new MatMul(), graph.Reshape(y, new Shape(1, upstream.Length)), weights);
        graph.Phase = Phase.Backward;
        return graph.Differentiate(loss, wanted);
    }
}
