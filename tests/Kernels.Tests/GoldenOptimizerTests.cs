using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Optimizers;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>Every optimizer rule over several steps, and clipping, against PyTorch; Lion, which it lacks, against the paper's algorithm.</summary>
public sealed class GoldenOptimizerTests
{
    private static readonly IReadOnlyList<GoldenOptimizer> All = GoldenFile.Read<GoldenOptimizer>("optimizers");

    private static readonly Dictionary<string, Func<OptimizerConstants, (Op Update, int Slots)>> Rules = new()
    {
        ["sgd"] = Of<SgdRule>,
        ["momentum"] = Of<MomentumRule>,
        ["nesterov"] = Of<NesterovRule>,
        ["adagrad"] = Of<AdagradRule>,
        ["rmsprop"] = Of<RmsPropRule>,
        ["centered-rmsprop"] = Of<CenteredRmsPropRule>,
        ["adam"] = Of<AdamRule>,
        ["adamw"] = Of<AdamWRule>,
        ["lion"] = Of<LionRule>,
    };

    public static TheoryData<string> Names => [.. All.Select(o => o.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Weights_move_along_the_golden_path(string name)
    {
        GoldenOptimizer golden = All.Single(o => o.Name == name);
        var constants = new OptimizerConstants { Decay = golden.Decay, A = golden.A, B = golden.B, Epsilon = golden.Epsilon };
        (Op update, int slots) = Rules[name](constants);
        using var device = new ReferenceDevice();
        using var memory = new DeviceMemory(device);
        var graph = new Graph { Phase = Phase.Update };
        var shape = new Shape(golden.W.Length);
        Tensor w = graph.Persistent("w", new TensorType(shape)), g = graph.Persistent("g", new TensorType(shape));
        Tensor hyper = graph.Persistent("hyper", new TensorType(new Shape(HyperLayout.Length)));
        graph.AddUpdate(update, [w, g, hyper, .. Enumerable.Range(0, slots).Select(i => graph.Persistent($"slot{i}", new TensorType(shape)))]);
        using var plan = Plan.Of(graph, memory);
        memory.Write(w.Placement!.Value.Slot, 0, golden.W);
        for (int step = 1; step <= golden.Path.Length; step++)
        {
            memory.Write(g.Placement!.Value.Slot, 0, golden.Gradients[step - 1]);
            memory.Write(hyper.Placement!.Value.Slot, HyperLayout.Rate, (double[])[golden.Rate]);
            memory.Write(hyper.Placement!.Value.Slot, HyperLayout.Correction1, (double[])[1 - Math.Pow(golden.A, step)]);
            memory.Write(hyper.Placement!.Value.Slot, HyperLayout.Correction2, (double[])[Math.Sqrt(1 - Math.Pow(golden.B, step))]);
            plan.Run();
            Assert.Null(Tolerance.Golden.Explain($"{name} after step {step}", golden.Path[step - 1], plan.Read(w)));
        }
    }

    [Fact]
    public void Every_rule_has_a_golden_path()
    {
        int rules = typeof(IOptimizerRule).Assembly.GetTypes().Count(t => t.IsValueType && t.IsAssignableTo(typeof(IOptimizerRule)));
        Assert.Equal(rules, Rules.Count);
        Assert.Equal(Rules.Keys.Order(), All.Select(o => o.Name).Order());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Clipping_by_norm_scales_as_the_golden_numbers_do(int index)
    {
        GoldenClip golden = GoldenFile.Read<GoldenClip>("clipping")[index];
        using var device = new ReferenceDevice();
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        Tensor g = graph.Persistent("g", new TensorType(new Shape(golden.Gradient.Length)));
        IReadOnlyList<Tensor> found = graph.AddAll(new GradientNorm(golden.Limit), g);
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [.. found] });
        memory.Write(g.Placement!.Value.Slot, 0, golden.Gradient);
        plan.Run();
        double factor = plan.Read(found[0])[0];
        Assert.Null(Tolerance.Golden.Explain("norm", [golden.Norm], plan.Read(found[1])));
        Assert.Null(Tolerance.Golden.Explain("clipped gradient", golden.Clipped, [.. golden.Gradient.Select(v => v * factor)]));
    }

    private static (Op Update, int Slots) Of<Rule>(OptimizerConstants constants) where Rule : struct, IOptimizerRule =>
        (new OptimizerUpdate<Rule>(constants, Scaled: false), Rule.Slots);
}
