using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>y ← f(y, x, constant), elementwise and without a gradient: updates of buffers between and after steps.</summary>
/// <remarks>Inputs: y (changed), x of the same shape. No output.</remarks>
public abstract record InPlaceOp<M>(double Constant) : Op where M : struct, IMap
{
    private const int Block = 4096;
    private static readonly int[] Changed = [0];

    public override ReadOnlySpan<int> Updates => Changed;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        Expect.Element(inputs[0], ElementType.Real, "y");
        Expect.Element(inputs[1], ElementType.Real, "x");
        Expect.Shape(inputs[1], inputs[0].Shape, "x");
        return [];
    }

    public override Cost Cost(Node node) => new((double)M.Flops * node.Inputs[0].Shape.Length, 12.0 * node.Inputs[0].Shape.Length);

    public override void Reference(ReferenceArguments a)
    {
        Span<double> y = a.Updated(0);
        for (int i = 0; i < y.Length; i++)
            y[i] = M.Apply<F64>(new(y[i]), new(a.In(1)[i]), default, new(Constant)).Value;
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* y = b.Updated(0), x = b.In(1);
        int count = b.InShape(0).Count;
        b.Parallel((count + Block - 1) / Block, (begin, end, _) =>
        {
            int first = begin * Block;
            MapLoop.Run<M>(Constant, y + first, x + first, null, y + first, Math.Min(end * Block, count) - first);
        });
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> y = b.Updated(0), x = b.In(1);
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, float>(MapKernels.Apply<M>);
        float constant = (float)Constant;
        b.Launch(() => run(y.IntLength, y, x, y, y, constant));
    }
}

/// <summary>y ← y + factor·x: sums the gradients of several batches before one update.</summary>
public sealed record Accumulate(double Factor = 1) : InPlaceOp<Accumulate.Map>(Factor)
{
    public readonly struct Map : IMap
    {
        public static int Inputs => 2;

        public static int Flops => 2;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => a + (constant * b);
    }
}

/// <summary>y ← decay·y + (1 - decay)·x: an exponential moving average, such as running statistics.</summary>
public sealed record Ema(double Decay) : InPlaceOp<Ema.Map>(Decay)
{
    public readonly struct Map : IMap
    {
        public static int Inputs => 2;

        public static int Flops => 4;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => (constant * a) + ((R.Of(1) - constant) * b);
    }
}
