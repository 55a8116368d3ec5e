using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Benchmarks;

/// <summary>Benchmark of an op: first checked against the reference, then timed, forward and backward.</summary>
/// <param name="Op">Its name.</param>
/// <param name="Sizes">The requested shape.</param>
/// <param name="Checked">The sizes used for the check: the shape, or less if that would take too long.</param>
/// <param name="Error">Relative error of outputs and gradients in the check.</param>
/// <param name="Cost">Cost of the forward op.</param>
/// <param name="Forward">Times of the forward op.</param>
/// <param name="Backward">Times of the ops of its gradient, slowest first.</param>
/// <param name="Yardstick">Another library on the same work; null for none.</param>
public sealed record OpFigures(string Op, int[] Sizes, int[] Checked, double Error, Cost Cost, Timing Forward, IReadOnlyList<NodeTime> Backward, Yardstick? Yardstick);

/// <summary>Times one op on one device.</summary>
public static class OpBenchmarkRun
{
    // The reference is a plain loop in double: this is a tenth of a second.
    private const double MostReferenceFlops = 3e7;
    private const ulong Seed = 1;

    /// <param name="benchmark">The op.</param>
    /// <param name="sizes">Its sizes.</param>
    /// <param name="device">The device.</param>
    /// <param name="peak">The device's peak for comparison; null to skip the backward ops.</param>
    /// <param name="seconds">Time to spend on the forward op, and again on the backward ones.</param>
    /// <exception cref="GpuGradException">The sizes do not fit the op, or its result is wrong.</exception>
    public static OpFigures Run(OpBenchmark benchmark, int[] sizes, Device device, DevicePeak? peak, double seconds)
    {
        int[] small = SmallEnough(benchmark, sizes);
        CheckResult check = OpCheck.Against(benchmark.Make(new RandomStream(Seed, Purpose.Explore), small), device);
        if (!check.Passed)
            throw new GpuGradException(Fault.Device, $"{benchmark.Name} gives wrong results on {device.Id}, so it is not timed: {check.Problems[0]}");
        using var memory = new DeviceMemory(device);
        OpCase testCase = benchmark.Make(new RandomStream(Seed, Purpose.Explore), sizes);
        var graph = new Graph { Scope = "op", Precision = testCase.Op.Precision };
        Tensor[] inputs = [.. testCase.Inputs.Select((input, i) => graph.Persistent($"input{i}", input.Type))];
        for (int i = 0; i < inputs.Length; i++)
            CaseRun.Upload(memory, inputs[i], testCase.Inputs[i].Values);
        IReadOnlyList<Tensor> outputs = graph.AddAll(testCase.Op, inputs);
        var keep = new List<Tensor>(outputs);
        if (testCase.Differentiable)
            keep.AddRange(AddGradients(graph, testCase, inputs, outputs[0]));
        using Plan plan = Plan.Of(graph, memory, new PlanOptions { Keep = keep, Fuse = false });
        plan.Run();
        Timing forward = Timing.Of(
            () =>
            {
                plan.RunNode(0);
                plan.Synchronize();
            },
            seconds);
        bool timeBackward = testCase.Differentiable && peak is not null;
        NodeTime[] backward = timeBackward ? [.. NodeTimes.Of(plan, peak!, seconds).Where(n => n.Layer == "op" && n.Phase == Phase.Backward)] : [];
        Yardstick? yardstick = testCase.Op switch
        {
            MatMul { TransposeB: false } matmul => CublasGemm.Of(device, matmul.Precision, sizes[0], sizes[1], sizes[2], seconds),
            ChannelSum => AlgorithmsSum.Of(device, sizes[0], sizes[1], seconds),
            _ => null,
        };
        return new OpFigures(benchmark.Name, sizes, small, Math.Max(check.Forward, check.Backward), graph.Nodes[0].Cost, forward, backward, yardstick);
    }

    // The gradient of a sum over the outputs; the ops that make that sum are not part of it.
    private static IEnumerable<Tensor> AddGradients(Graph graph, OpCase testCase, Tensor[] inputs, Tensor output)
    {
        graph.Scope = "sum";
        var column = new Shape(output.Shape.Count, 1);
        Tensor ones = graph.Add(new Fill(1, column));
        Tensor sum = graph.Add(new MatMul(), graph.Reshape(output, new Shape(1, column[0])), ones);
        graph.Phase = Phase.Backward;
        Tensor[] wanted = [.. inputs.Where((_, i) => testCase.Inputs[i] is { Differentiable: true, Type.Element: ElementType.Real })];
        return graph.Differentiate(sum, wanted).OfType<Tensor>();
    }

    // Halves the largest size until the reference is fast enough. Dependent sizes (a group's channels) are halved together.
    private static int[] SmallEnough(OpBenchmark benchmark, int[] sizes)
    {
        int[] small = [.. sizes];
        while (Flops(benchmark, small) > MostReferenceFlops && small.Max() > 1)
        {
            int largest = Array.IndexOf(small, small.Max());
            small[largest] -= small[largest] / 2; // rounded up, without overflow
        }
        return small;
    }

    // From the shape only: no values are generated.
    private static double Flops(OpBenchmark benchmark, int[] sizes)
    {
        double product = 1;
        foreach (int size in sizes)
            product *= size;
        return benchmark.Name is "conv" or "conv-stride2" or "depthwise" ? product * sizes[^1] : product;
    }
}
