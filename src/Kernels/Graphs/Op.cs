using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Graphs;

/// <summary>
/// A computation: which inputs it accepts, how each device runs it, and which ops compute its gradients. An op is a
/// value (its attributes) without state, independent of layers, batches and memory.
/// </summary>
public abstract record Op
{
    /// <summary>Short name for tables and messages.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>Whether the op has a <see cref="Precision"/>: it is a matmul or a convolution of its first two inputs.</summary>
    public virtual bool HasPrecision => false;

    /// <summary>To how many bits a matmul or a convolution rounds its first two inputs before it multiplies them.</summary>
    public Precision Precision { get; init; }

    /// <summary>Checks the inputs and returns the types of the outputs.</summary>
    /// <exception cref="ShapeException">The inputs do not fit the op.</exception>
    public abstract TensorType[] Infer(ReadOnlySpan<TensorType> inputs);

    /// <summary>Arithmetic of the op, and memory that has to move, once.</summary>
    public virtual Cost Cost(Node node) => new(0, node.BytesTouched);

    /// <summary>Whether the output is the input's memory under another shape; such an op is never run.</summary>
    public virtual bool IsView => false;

    /// <summary>Positions of the inputs that are changed in place (running statistics, parameters in an update).</summary>
    public virtual ReadOnlySpan<int> Updates => [];

    /// <summary>
    /// A single op that computes this one followed by <paramref name="consumer"/>, which reads this op's output as its
    /// input <paramref name="input"/> and is its only reader; null if there is none. The fused op reads this op's inputs,
    /// then the consumer's others.
    /// </summary>
    public virtual Op? FuseWith(Op consumer, int input) => null;

    /// <summary>
    /// For an op that moves the elements of its input 0 to other, more places, and sums those that meet there: the inputs with which
    /// <paramref name="reader"/>, which reads the output of <paramref name="node"/>, can run before the move instead of after
    /// it; null if it cannot, or gains nothing. A reader whose result has the shape of the output is then followed by the move.
    /// </summary>
    public virtual Tensor[]? InputsBefore(Node node, Node reader) => null;

    /// <summary>Reverse mode: adds the ops that compute the gradients of the inputs from those of the outputs.</summary>
    public virtual void Differentiate(Backprop b) =>
        throw new NotSupportedException($"{Name} has no gradient; only training ops that come after the loss may lack one.");

    /// <summary>The formula as plain loops over <c>double</c>: the oracle for every other device.</summary>
    public abstract void Reference(ReferenceArguments a);

    /// <summary>Adds to a plan the phases that compute this op in SIMD on all cores.</summary>
    public abstract void Cpu(CpuBinding b);

    /// <summary>Adds to a plan the launches that compute this op on a GPU.</summary>
    public virtual void Kernel(KernelBinding b) => throw new GpuGradException(Fault.Device, $"{Name} has no kernel yet; use --device cpu.");
}

/// <summary>Arithmetic operations (a fused multiply-add is two) and bytes that must move to or from memory at least once.</summary>
public readonly record struct Cost(double Flops, double Bytes)
{
    public static Cost operator +(Cost a, Cost b) => new(a.Flops + b.Flops, a.Bytes + b.Bytes);
}

/// <summary>Thrown if the inputs of an op do not fit it. The message names the operand, its shape and the expected one.</summary>
public sealed class ShapeException(string message) : GpuGradException(Fault.Config, message);
