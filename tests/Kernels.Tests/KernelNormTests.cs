using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Normalization;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>Norms as kernels: with what a plan fused, of few long channels, of values far from 0.</summary>
[Collection("accelerators")]
public sealed class KernelNormTests
{
    public static TheoryData<string, string> Norms()
    {
        var data = new TheoryData<string, string>();
        foreach (string device in new[] { "emulated", "ptx", "opencl:0" })
        {
            foreach (string norm in new[] { "batch-norm", "inference", "layer-norm", "group-norm" })
                data.Add(device, norm);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Norms))]
    public void A_norm_ends_with_what_the_plan_fused(string id, string norm)
    {
        using Device device = KernelConformanceTests.Open(id);
        using var reference = new ReferenceDevice();
        foreach (MapOp after in new MapOp[] { Activation.Find("gelu").Forward(0), new Add(), new Multiply() })
        {
            double[] expected = Output(reference, Find(norm), after, new Shape(3, 4, 5, 7), fuse: false);
            double[] actual = Output(device, Find(norm), after, new Shape(3, 4, 5, 7), fuse: true);
            Assert.Null(Tolerance.Forward.Explain($"{norm}, {after.Name}", expected, actual));
        }
    }

    // One channel of 20,000 values is cut into pieces, and those into parts.
    [Theory]
    [MemberData(nameof(Norms))]
    public void A_few_long_channels_are_shared_among_groups(string id, string norm)
    {
        using Device device = KernelConformanceTests.Open(id);
        var shape = new Shape(2, 2, 100, 50);
        using var reference = new ReferenceDevice();
        double[] expected = Output(reference, Find(norm), new Add(), shape, fuse: false);
        Assert.Null(Tolerance.Forward.Explain(norm, expected, Output(device, Find(norm), new Add(), shape, fuse: true)));
    }

    [Theory]
    [InlineData("emulated")]
    [InlineData("ptx")]
    [InlineData("opencl:0")]
    public void A_large_mean_does_not_swallow_the_variance(string id)
    {
        using Device device = KernelConformanceTests.Open(id);
        using var reference = new ReferenceDevice();
        foreach (Shape shape in new Shape[] { new(1024, 3), new(8, 3, 31, 33) })
        {
            var random = new RandomStream(5, Purpose.Explore);
            double[] x = [.. Enumerable.Range(0, shape.Count).Select(_ => (double)(float)(10000 + random.NextNormal()))];
            (Shape, double[])[] inputs = [(shape, x), (new Shape(3), [0, 0, 0]), (new Shape(3), [1, 1, 1])];
            using OpOnce expected = OpOnce.Of(reference, new BatchNorm(Affine: false), inputs);
            using OpOnce actual = OpOnce.Of(device, new BatchNorm(Affine: false), inputs);
            Assert.Null(Tolerance.Forward.Explain("inverse deviation", expected.OutputAt(2), actual.OutputAt(2)));
            Assert.Null(Tolerance.Forward.Explain("running variance", expected.InputAt(2), actual.InputAt(2)));
        }
    }

    private static NormOp Find(string norm) => norm switch
    {
        "batch-norm" => new BatchNorm(),
        "inference" => new BatchNormInference(),
        "layer-norm" => new LayerNorm(3),
        _ => new GroupNorm(2),
    };

    private static double[] Output(Device device, NormOp op, MapOp after, Shape shape, bool fuse)
    {
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        var random = new RandomStream(3, Purpose.Explore);
        Tensor New(Shape s) => OpRun.Place(graph, memory, $"input{graph.Tensors.Count}", s, CaseInput.Uniform(random, s, 0.5, 2).Values);
        Shape affine = op is LayerNorm ? shape.WithoutBatch() : new Shape(shape[1]);
        Tensor[] inputs = op is BatchNorm or BatchNormInference
            ? [New(shape), New(affine), New(affine), New(affine), New(affine)]
            : [New(shape), New(affine), New(affine)];
        Tensor y = graph.AddAll(op, inputs)[0];
        y = after.Arity == 1 ? graph.Add(after, y) : graph.Add(after, inputs[0], y);
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [y], Fuse = fuse });
        Assert.Equal(fuse ? 1 : 2, plan.Nodes.Count);
        plan.Run();
        return plan.Read(y);
    }
}
