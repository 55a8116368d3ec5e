using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>x for x &gt; 0, else slope·x with a learned slope (He et al., 2015), as <c>torch.nn.PReLU</c>.</summary>
/// <remarks>Inputs: x [N, …]; slopes [1], or one per index of <paramref name="Axis"/>, [C]. Output: as x. The derivative with respect to x at 0 is the slope.</remarks>
/// <param name="Axis">The axis of x that has the slopes, 1 or higher.</param>
public sealed record PRelu(int Axis) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        PReluLoop.Check(inputs[0], inputs[1], Axis);
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new(2.0 * node.Outputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        if (b.Needs(0))
            b.Give(0, b.Graph.Add(new PReluGradient(Axis), b.Gradient(), b.Input(0), b.Input(1)));
        if (b.Needs(1))
            b.Give(1, SlopeGradient(b, b.Graph.Add(new NegativeProduct(), b.Gradient(), b.Input(0))));
    }

    public override void Reference(ReferenceArguments a) => PReluLoop.Reference(a.In(0), a.In(0), a.In(1), a.InShape(0), Axis, a.Out());

    public override unsafe void Cpu(CpuBinding b) => PReluLoop.Cpu(b, b.In(0), b.In(0), b.In(1), b.InShape(1), Axis);

    public override void Kernel(KernelBinding b) => PReluLoop.Kernel(b, b.In(0), b.In(0), b.In(1), Axis);

    // A single slope's gradient is summed in two stages, first over the samples, so that the long sum runs in parallel.
    private Tensor SlopeGradient(Backprop b, Tensor products)
    {
        Shape shape = products.Shape;
        if (b.Input(1).Shape.Count > 1 || shape[Axis] == 1)
            return b.Graph.Add(new ChannelSum(Axis), products);
        Tensor rows = b.Graph.Reshape(products, new Shape(shape[0], shape.WithoutBatch().Count));
        Tensor sums = b.Graph.Add(new ChannelSum(1), rows);
        return b.Graph.Add(new ChannelSum(1), b.Graph.Reshape(sums, new Shape(1, 1, sums.Shape.Count)));
    }
}

/// <summary>dx = dy for x &gt; 0, else slope·dy.</summary>
/// <remarks>Inputs: dy and x [N, …], slopes as for <see cref="PRelu"/>. Output: as x.</remarks>
/// <param name="Axis">As for <see cref="PRelu"/>.</param>
public sealed record PReluGradient(int Axis) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 3, Name);
        Expect.Shape(inputs[0], inputs[1].Shape, "dy");
        PReluLoop.Check(inputs[1], inputs[2], Axis);
        return [inputs[1]];
    }

    public override Cost Cost(Node node) => new(2.0 * node.Outputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a) => PReluLoop.Reference(a.In(0), a.In(1), a.In(2), a.InShape(1), Axis, a.Out());

    public override unsafe void Cpu(CpuBinding b) => PReluLoop.Cpu(b, b.In(0), b.In(1), b.In(2), b.InShape(2), Axis);

    public override void Kernel(KernelBinding b) => PReluLoop.Kernel(b, b.In(0), b.In(1), b.In(2), Axis);
}

/// <summary>a·b for b ≤ 0, else 0: the terms of a slope's gradient.</summary>
public sealed record NegativeProduct() : MapOp<NegativeProduct.Map>
{
    public readonly struct Map : IMap
    {
        public static int Inputs => 2;

        public static int Flops => 2;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => R.WhereGreater(b, R.Of(0), R.Of(0), a * b);
    }
}
