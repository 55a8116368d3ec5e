using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>The same elements in another shape: a view, without copying.</summary>
public sealed record Reshape(Shape To) : Op
{
    public override bool IsView => true;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Expect.That(inputs[0].Shape.Length == To.Length, $"A tensor of shape {inputs[0].Shape} ({inputs[0].Shape.Length} elements) cannot become {To} ({To.Length}).");
        return [inputs[0] with { Shape = To }];
    }

    public override Cost Cost(Node node) => default;

    public override void Differentiate(Backprop b) => b.Give(0, b.Graph.Reshape(b.Gradient(), b.Input(0).Shape));

    public override void Reference(ReferenceArguments a) => throw new InvalidOperationException("A view has nothing to run.");

    public override void Cpu(CpuBinding b) => throw new InvalidOperationException("A view has nothing to run.");
}

/// <summary>Shorthands for common ops.</summary>
public static class ReshapeExtensions
{
    /// <summary>The tensor in another shape; the tensor itself if it has that shape already.</summary>
    public static Tensor Reshape(this Graph graph, Tensor x, Shape to) => x.Shape == to ? x : graph.Add(new Reshape(to), x);
}
