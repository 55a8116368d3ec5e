using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Normalization;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

public sealed class NormalizationTests
{
    private static readonly Shape Batch = new(3, 4, 5, 7);

    public static TheoryData<string> Norms => ["batch-norm", "inference", "layer-norm", "group-norm"];

    [Theory]
    [InlineData(1, 3)]
    [InlineData(1, 3, 1, 1)]
    public void Batch_norm_refuses_to_train_on_one_value_a_channel(params int[] sizes)
    {
        var channels = new TensorType(new Shape(3));
        var e = Assert.Throws<ShapeException>(() => new BatchNorm(Affine: false).Infer([new TensorType(new Shape(sizes)), channels, channels]));
        Assert.Contains("more than one value a channel", e.Message, StringComparison.Ordinal);
        Assert.Contains("another batch size", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Group_norm_refuses_groups_that_do_not_divide_the_channels()
    {
        var e = Assert.Throws<ShapeException>(() => new GroupNorm(4, Affine: false).Infer([new TensorType(new Shape(2, 6, 3))]));
        Assert.Equal("'x' has shape [2, 6, 3]: 6 channels do not fall into 4 equal groups.", e.Message);
    }

    [Fact]
    public void Layer_norm_refuses_gamma_of_another_shape()
    {
        var e = Assert.Throws<ShapeException>(() => new LayerNorm().Infer([new(new Shape(2, 6)), new(new Shape(5)), new(new Shape(6))]));
        Assert.Equal("'gamma' has shape [5], expected [6].", e.Message);
    }

    // E[x²] - E[x]² in float would leave nothing of a variance of 1 beside a mean of 10,000.
    [Theory]
    [InlineData(4096, 3)]
    [InlineData(8, 3, 31, 33)]
    public void A_large_mean_does_not_swallow_the_variance(params int[] sizes)
    {
        var shape = new Shape(sizes);
        var random = new RandomStream(5, Purpose.Explore);
        double[] x = [.. Enumerable.Range(0, shape.Count).Select(_ => (double)(float)(10000 + random.NextNormal()))];
        using var reference = new Devices.Reference.ReferenceDevice();
        using var cpu = new CpuDevice(2);
        (Shape, double[])[] inputs = [(shape, x), (new Shape(3), [0, 0, 0]), (new Shape(3), [1, 1, 1])];
        using OpOnce expected = OpOnce.Of(reference, new BatchNorm(Affine: false), inputs);
        using OpOnce actual = OpOnce.Of(cpu, new BatchNorm(Affine: false), inputs);
        Assert.Null(Tolerance.Forward.Explain("inverse deviation", expected.OutputAt(2), actual.OutputAt(2)));
        Assert.Null(Tolerance.Forward.Explain("running variance", expected.InputAt(2), actual.InputAt(2)));
        // The mean itself rounds to a multiple of 2⁻¹⁰, which moves each y by up to half of that.
        double worst = expected.Output.Zip(actual.Output, (a, b) => Math.Abs(a - b)).Max();
        Assert.True(worst < Math.ScaleB(1, -10), $"y is off by {worst}");
    }

    [Theory]
    [MemberData(nameof(Norms))]
    public void An_activation_fused_into_the_pass_changes_no_bit(string norm)
    {
        NormOp op = norm switch
        {
            "batch-norm" => new BatchNorm(),
            "inference" => new BatchNormInference(),
            "layer-norm" => new LayerNorm(),
            _ => new GroupNorm(2),
        };
        MapOp gelu = Activation.Find("gelu").Forward(0);
        using var device = new CpuDevice(2);
        double[] apart = Output(device, op, gelu), joined = Output(device, (NormOp)op.FuseWith(gelu, 0)!, null);
        Assert.Null(Tolerance.Exact.Explain(norm, apart, joined));

        MapOp add = new Add(); // reads x as well: the residual connection
        apart = Output(device, op, add);
        joined = Output(device, (NormOp)op.FuseWith(add, 1)!, null, extra: true);
        Assert.Null(Tolerance.Exact.Explain($"{norm} + x", apart, joined));
    }

    [Theory]
    [InlineData("inference")]
    [InlineData("layer-norm")]
    public void A_plan_fuses_the_activation_by_itself(string norm)
    {
        NormOp op = norm == "inference" ? new BatchNormInference() : new LayerNorm();
        var graph = new Graph();
        Tensor y = graph.Add(Activation.Find("relu").Forward(0), graph.Add(op, Inputs(graph, op)));
        using var device = new CpuDevice(1);
        using var memory = new DeviceMemory(device);
        Node node = Assert.Single(PlanLayout.Of(graph, memory, new PlanOptions { Keep = [y] }).Nodes);
        Assert.NotNull(Assert.IsAssignableFrom<NormOp>(node.Op).Epilogue);
    }

    private static Tensor[] Inputs(Graph graph, NormOp op)
    {
        Tensor New(Shape shape) => graph.Persistent($"input{graph.Tensors.Count}", new TensorType(shape));
        var channels = new Shape(Batch[1]);
        return op switch
        {
            BatchNorm or BatchNormInference => [New(Batch), New(channels), New(channels), New(channels), New(channels)],
            LayerNorm => [New(Batch), New(new Shape(Batch[^1])), New(new Shape(Batch[^1]))],
            _ => [New(Batch), New(channels), New(channels)],
        };
    }

    private static double[] Output(CpuDevice device, NormOp op, MapOp? after, bool extra = false)
    {
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        Tensor[] inputs = Inputs(graph, op);
        var random = new RandomStream(3, Purpose.Explore);
        foreach (Tensor input in inputs)
            memory.Write(input.Placement!.Value.Slot, 0, CaseInput.Uniform(random, input.Shape, 0.5, 2).Values);
        Tensor y = graph.AddAll(op, extra ? [.. inputs, inputs[0]] : inputs)[0];
        if (after is not null)
            y = after.Arity == 1 ? graph.Add(after, y) : graph.Add(after, inputs[0], y);
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [y], Fuse = false });
        plan.Run();
        return plan.Read(y);
    }
}
