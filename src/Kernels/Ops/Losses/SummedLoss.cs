using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>The term of a loss for one output, given its target and a constant; written once for all devices.</summary>
public interface ILossTerm
{
    /// <summary>1, or 2 with a target.</summary>
    static abstract int Inputs { get; }

    /// <summary>Arithmetic operations of <see cref="Value"/>; an exponential counts as ten.</summary>
    static abstract int Flops { get; }

    static abstract R Value<R>(R x, R target, R constant) where R : struct, IReal<R>;

    /// <summary>The derivative of <see cref="Value"/> with respect to x.</summary>
    static abstract R Slope<R>(R x, R target, R constant) where R : struct, IReal<R>;
}

/// <summary>A loss that is a sum over elements, times a factor that depends on the shape.</summary>
/// <remarks>
/// Inputs: x [N, …], and if the term has a target: targets of the same shape, or Int32 of the same length (labels [N] for one
/// score a sample); with <paramref name="Rows"/> the constants [D] of x's last axis. Output: [1]. Targets and constants have no gradient.
/// </remarks>
/// <param name="Constant">The constant of all terms.</param>
/// <param name="Rows">Whether each element of a row has its own constant instead.</param>
public abstract record SummedLoss<F>(double Constant = 0, bool Rows = false) : Op where F : struct, ILossTerm
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, F.Inputs + (Rows ? 1 : 0), Name);
        Expect.Element(inputs[0], ElementType.Real, "x");
        if (Rows)
            Expect.Shape(inputs[^1], new Shape(inputs[0].Shape[^1]), "constants");
        if (F.Inputs == 1)
            return [new TensorType(Shape.Scalar)];
        TensorType targets = inputs[1];
        bool labels = targets.Element == ElementType.Int32 && targets.Shape.Length == inputs[0].Shape.Length;
        if (!labels)
        {
            Expect.Element(targets, ElementType.Real, "targets");
            Expect.Shape(targets, inputs[0].Shape, "targets");
        }
        return [new TensorType(Shape.Scalar)];
    }

    public override Cost Cost(Node node) => new((double)F.Flops * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        if (F.Inputs > 1 && b.Needs(1))
            throw new NotSupportedException($"{Name}: its targets have no gradient, but one is requested for '{b.Input(1).Name}'.");
        var backward = new SummedLossGradient<F>(Name, Constant, Factor(b.Input(0).Shape), Rows);
        b.Give(0, b.Graph.Add(backward, [b.Gradient(), .. Enumerable.Range(0, b.Node.Inputs.Count).Select(b.Input)]));
    }

    public override void Reference(ReferenceArguments a)
    {
        var targets = new SummedTargets<F>(a, 1);
        double sum = 0;
        for (int i = 0; i < a.In(0).Length; i++)
            sum += F.Value<F64>(new(a.In(0)[i]), new(targets[a, i]), new(Rows ? a.In(F.Inputs)[i % a.In(F.Inputs).Length] : Constant)).Value;
        a.Out()[0] = sum * Factor(a.InShape(0));
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* x = b.In(0), loss = b.Out();
        var targets = new SummedTargets<F>(b, 1);
        LossConstants constants = Rows ? new(b.In(F.Inputs), b.InShape(F.Inputs).Count) : new(Constant);
        int count = b.InShape(0).Count, blocks = LossLoop.Blocks(count);
        double factor = Factor(b.InShape(0));
        b.Sum(blocks, i => LossLoop.Sum<F>(constants, x, targets, i * LossLoop.Block, Math.Min((i + 1) * LossLoop.Block, count)), sum => loss[0] = (float)(sum * factor));
    }

    public override void Kernel(KernelBinding b) => LossKernels.AddSum<F>(b, Rows ? null : Constant, Factor(b.InShape(0)));

    /// <summary>Factor on the sum over all elements.</summary>
    protected abstract double Factor(Shape x);
}

/// <summary>dx = dloss·factor·slope(x, target).</summary>
/// <remarks>Inputs: dloss [1], x, targets if any, constants of a row if any. Output: dx as x.</remarks>
public sealed record SummedLossGradient<F>(string Of, double Constant, double Factor, bool Rows) : Op where F : struct, ILossTerm
{
    public override string Name => Of + "Gradient";

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, F.Inputs + (Rows ? 2 : 1), Name);
        return [inputs[1]];
    }

    public override Cost Cost(Node node) => new((double)F.Flops * node.Inputs[1].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        var targets = new SummedTargets<F>(a, 2);
        for (int i = 0; i < a.Out().Length; i++)
            a.Out()[i] = a.In(0)[0] * Factor * F.Slope<F64>(new(a.In(1)[i]), new(targets[a, i]), new(Rows ? a.In(F.Inputs + 1)[i % a.In(F.Inputs + 1).Length] : Constant)).Value;
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        float* dloss = b.In(0), x = b.In(1), dx = b.Out();
        var targets = new SummedTargets<F>(b, 2);
        LossConstants constants = Rows ? new(b.In(F.Inputs + 1), b.InShape(F.Inputs + 1).Count) : new(Constant);
        int count = b.InShape(1).Count;
        b.Parallel(LossLoop.Blocks(count), (begin, end, _) =>
        {
            float scale = (float)(dloss[0] * Factor);
            for (int i = begin; i < end; i++)
                LossLoop.Slopes<F>(constants, scale, x, targets, i * LossLoop.Block, Math.Min((i + 1) * LossLoop.Block, count), dx);
        });
    }

    public override void Kernel(KernelBinding b) => LossKernels.AddSlopes<F>(b, Rows ? null : Constant, Factor);
}
