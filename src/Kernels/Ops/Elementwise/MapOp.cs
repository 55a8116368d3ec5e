using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>
/// A function of one to three numbers and a constant, applied element by element. Written once in <see cref="IReal{R}"/>,
/// it becomes the reference loop, the CPU's vector loop and the GPU's kernel.
/// </summary>
public interface IMap
{
    /// <summary>Number of inputs read (a, b, c): 1, 2 or 3.</summary>
    static abstract int Inputs { get; }

    /// <summary>Floating-point operations per element, with an exponential counted as ten.</summary>
    static abstract int Flops { get; }

    static abstract R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R>;
}

/// <summary>An elementwise op over tensors of one shape. Matmuls and convolutions can fuse it as their epilogue.</summary>
public abstract record MapOp(double Constant) : Op
{
    /// <summary>Number of inputs of the function.</summary>
    public abstract int Arity { get; }

    /// <summary>Whether the function is its first input (a gradient) times a function of its second.</summary>
    public virtual bool IsBackward => false;

    /// <summary>Applies the function to a run of floats; <paramref name="y"/> may be one of the inputs.</summary>
    internal abstract unsafe void ApplyCpu(float* a, float* b, float* c, float* y, int count);

    /// <summary>Calls the visitor with the function's static type.</summary>
    internal abstract void Accept(IMapVisitor visitor);
}

/// <summary>A visitor that receives the function's static type.</summary>
internal interface IMapVisitor
{
    void Visit<M>(float constant) where M : struct, IMap;
}

/// <summary>The elementwise op of a function.</summary>
public abstract record MapOp<M>(double Constant = 0) : MapOp(Constant) where M : struct, IMap
{
    // 16 KiB per operand: three of them stay in the first-level cache, and a block is worth handing to a worker.
    private const int Block = 4096;

    public override string Name => (typeof(M).DeclaringType ?? typeof(M)).Name;

    public override int Arity => M.Inputs;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, M.Inputs, Name);
        foreach (TensorType input in inputs)
        {
            Expect.Element(input, ElementType.Real, Name);
            Expect.Shape(input, inputs[0].Shape, Name);
        }
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new((double)M.Flops * node.Outputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        ReadOnlySpan<double> x0 = a.In(0), x1 = a.In(M.Inputs > 1 ? 1 : 0), x2 = a.In(M.Inputs > 2 ? 2 : 0);
        Span<double> y = a.Out();
        for (int i = 0; i < y.Length; i++)
            y[i] = M.Apply<F64>(new(x0[i]), new(x1[i]), new(x2[i]), new(Constant)).Value;
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* x0 = b.In(0), x1 = b.In(M.Inputs > 1 ? 1 : 0), x2 = b.In(M.Inputs > 2 ? 2 : 0), y = b.Out();
        int count = b.OutShape().Count;
        b.Parallel((count + Block - 1) / Block, (begin, end, _) =>
        {
            int first = begin * Block;
            int length = Math.Min(end * Block, count) - first;
            ApplyCpu(x0 + first, x1 + first, x2 + first, y + first, length);
        });
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> x0 = b.In(0), x1 = b.In(M.Inputs > 1 ? 1 : 0), x2 = b.In(M.Inputs > 2 ? 2 : 0), y = b.Out();
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, float>(MapKernels.Apply<M>);
        float constant = (float)Constant;
        b.Launch(() => run(y.IntLength, x0, x1, x2, y, constant));
    }

    internal override void Accept(IMapVisitor visitor) => visitor.Visit<M>((float)Constant);

    internal override unsafe void ApplyCpu(float* a, float* b, float* c, float* y, int count) => MapLoop.Run<M>(Constant, a, b, c, y, count);
}
