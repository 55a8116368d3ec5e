using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Conformance;

/// <summary>Result of a check: the worst relative error, and the failure, if any.</summary>
public sealed record CheckResult(double Forward, double Backward, IReadOnlyList<string> Problems)
{
    public bool Passed => Problems.Count == 0;
}

/// <summary>Runs a case: on a device against the reference, and the reference's gradient against central differences.</summary>
public static class OpCheck
{
    private const double Step = 1e-6;
    private const int MostDifferences = 48;

    /// <summary>
    /// Checks outputs, gradients and in-place changes on <paramref name="device"/> against the reference in double. Memory is
    /// filled with NaN first, and there are guards after every temporary.
    /// </summary>
    public static CheckResult Against(OpCase testCase, Device device)
    {
        using var oracle = new ReferenceDevice();
        using var expected = new CaseRun(testCase, oracle);
        using var actual = new CaseRun(testCase, device);
        var problems = new List<string>();
        expected.Run();
        try
        {
            actual.Run();
        }
        catch (GpuGradException e) when (e.Fault == Fault.Internal) // found by guard mode
        {
            return new CheckResult(double.NaN, double.NaN, [e.Message]);
        }
        double forward = Compare(expected.Results, actual.Results, Tolerance.Forward, problems);
        double backward = Compare(expected.Gradients, actual.Gradients, Tolerance.Backward, problems);
        problems.AddRange(actual.Plan.BrokenGuards().Select(t => $"{testCase}: wrote past the end of '{t.Name}'."));
        return new CheckResult(forward, backward, problems);
    }

    /// <summary>Checks gradients of the reference against central differences, for all or an even sample of the input elements.</summary>
    public static CheckResult Differences(OpCase testCase)
    {
        using var oracle = new ReferenceDevice();
        using var run = new CaseRun(testCase, oracle);
        run.Run();
        var problems = new List<string>();
        double worst = 0;
        Dictionary<string, double[]> analytic = run.Gradients;
        foreach ((int input, string name) in run.DifferentiatedInputs)
        {
            int length = testCase.Inputs[input].Values.Length;
            int[] places = Sample(length);
            double[] numeric = [.. places.Select(p => CentralDifference(run, input, p))];
            double[] exact = [.. places.Select(p => analytic[name][p])];
            worst = Math.Max(worst, Tolerance.RelativeError(numeric, exact));
            if (Tolerance.Differences.Explain($"{testCase}: {name}", numeric, exact) is string problem)
                problems.Add(problem);
        }
        return new CheckResult(0, worst, problems);
    }

    private static double CentralDifference(CaseRun run, int input, int place)
    {
        double x = run.Case.Inputs[input].Values[place];
        double up = run.LossAt(input, place, x + Step), down = run.LossAt(input, place, x - Step);
        run.Set(input, place, x);
        return (up - down) / (2 * Step);
    }

    private static int[] Sample(int length)
    {
        int count = Math.Min(length, MostDifferences);
        return [.. Enumerable.Range(0, count).Select(i => (int)((long)i * length / count))];
    }

    private static double Compare(Dictionary<string, double[]> expected, Dictionary<string, double[]> actual, Tolerance tolerance, List<string> problems)
    {
        double worst = 0;
        foreach ((string name, double[] values) in expected)
        {
            double error = tolerance.ErrorOf(values, actual[name]);
            worst = double.IsNaN(error) ? error : Math.Max(worst, error);
            if (tolerance.Explain(name, values, actual[name]) is string problem)
                problems.Add(problem);
        }
        return worst;
    }
}

/// <summary>A case as a graph on one device: the op, a randomly weighted sum of its outputs as the loss, the gradients.</summary>
internal sealed class CaseRun : IDisposable
{
    private readonly DeviceMemory memory;
    private readonly List<Tensor> inputs = [];
    private readonly Dictionary<string, Tensor> results = [];
    private readonly Dictionary<string, Tensor> gradients = [];
    private readonly Tensor? loss;

    public CaseRun(OpCase testCase, Device device)
    {
        Case = testCase;
        memory = new DeviceMemory(device);
        var graph = new Graph { Precision = testCase.Op.Precision };
        foreach (CaseInput input in testCase.Inputs)
            inputs.Add(graph.Persistent($"input{inputs.Count}", input.Type));
        IReadOnlyList<Tensor> outputs = graph.AddAll(testCase.Op, [.. inputs]);
        foreach (Tensor output in outputs)
            results[$"{testCase.Name} output{results.Count}"] = output;
        foreach (int updated in testCase.Op.Updates)
            results[$"{testCase.Name} updated input{updated}"] = inputs[updated];
        if (testCase.Differentiable)
            loss = AddGradients(graph, outputs);
        Plan = Plan.Of(graph, memory, new PlanOptions
        {
            Keep = [.. results.Values.Concat(gradients.Values).Concat(loss is null ? [] : [loss]).Where(t => t.Placement is null)],
            Fuse = false,
            Reuse = false,
            GuardBytes = 256,
        });
    }

    public OpCase Case { get; }

    public Plan Plan { get; }

    public List<(int Input, string Name)> DifferentiatedInputs { get; } = [];

    public Dictionary<string, double[]> Results => results.ToDictionary(r => r.Key, r => ReadAny(r.Value));

    public Dictionary<string, double[]> Gradients => gradients.ToDictionary(g => g.Key, g => Plan.Read(g.Value));

    public void Run()
    {
        for (int i = 0; i < inputs.Count; i++)
            Upload(memory, inputs[i], Case.Inputs[i].Values);
        Plan.Poison();
        Plan.Run();
        Plan.Synchronize();
    }

    public double LossAt(int input, int place, double value)
    {
        Set(input, place, value);
        Plan.Run(Phase.Batch, Phase.Forward);
        return Plan.Read(loss!)[0];
    }

    public void Set(int input, int place, double value) =>
        memory.Write(inputs[input].Placement!.Value.Slot, place, new ReadOnlySpan<double>(in value));

    public void Dispose()
    {
        Plan.Dispose();
        memory.Dispose();
    }

    private Tensor AddGradients(Graph graph, IReadOnlyList<Tensor> outputs)
    {
        var random = new RandomStream(7, Purpose.Explore);
        Tensor? sum = null;
        for (int i = 0; i < outputs.Count; i++)
        {
            if (outputs[i].Type.Element != ElementType.Real || Case.GradientOutputs?.Contains(i) == false)
                continue;
            var column = new Shape(outputs[i].Shape.Count, 1);
            Tensor weights = graph.Persistent($"weights{i}", new TensorType(column));
            memory.Write(weights.Placement!.Value.Slot, 0, CaseInput.Normal(random, column).Values);
            Tensor term = graph.Add(new MatMul(), graph.Reshape(outputs[i], new Shape(1, column[0])), weights);
            sum = sum is null ? term : graph.Add(new Add(), sum, term);
        }
        graph.Phase = Phase.Backward;
        int[] wanted = [.. Enumerable.Range(0, inputs.Count).Where(i => Case.Inputs[i] is { Differentiable: true, Type.Element: ElementType.Real })];
        IReadOnlyList<Tensor?> found = graph.Differentiate(sum!, [.. wanted.Select(i => inputs[i])]);
        for (int i = 0; i < wanted.Length; i++)
        {
            string name = $"gradient of input{wanted[i]}";
            gradients[name] = found[i] ?? throw new InvalidOperationException($"{Case}: no gradient for input {wanted[i]}.");
            DifferentiatedInputs.Add((wanted[i], name));
        }
        return sum!;
    }

    public static void Upload(DeviceMemory memory, Tensor tensor, double[] values)
    {
        Slot slot = tensor.Placement!.Value.Slot;
        switch (slot.Element)
        {
            case ElementType.Real:
                memory.Write(slot, 0, values);
                break;
            case ElementType.Int32:
                memory.Write(slot, 0, Array.ConvertAll(values, v => (int)v));
                break;
            default:
                memory.Write(slot, 0, Array.ConvertAll(values, v => (byte)v));
                break;
        }
    }

    private double[] ReadAny(Tensor tensor)
    {
        switch (tensor.Type.Element)
        {
            case ElementType.Real:
                return Plan.Read(tensor);
            case ElementType.Int32:
                var ints = new int[tensor.Shape.Count];
                Plan.Read(tensor, ints);
                return Array.ConvertAll(ints, v => (double)v);
            default:
                var bytes = new byte[tensor.Shape.Count];
                Plan.Read(tensor, bytes.AsSpan());
                return Array.ConvertAll(bytes, v => (double)v);
        }
    }
}
