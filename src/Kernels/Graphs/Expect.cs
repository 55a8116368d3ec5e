using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Graphs;

/// <summary>Checks the inputs of ops; every message says what was found, what was expected and, if there is one, the remedy.</summary>
[StackTraceHidden]
public static class Expect
{
    public static void Rank(TensorType x, int rank, string name, string meaning)
    {
        if (x.Shape.Rank != rank)
            Fail($"'{name}' has shape {x.Shape}, expected {rank} axes ({meaning}).");
    }

    public static void Shape(TensorType x, Shape expected, string name)
    {
        if (x.Shape != expected)
            Fail($"'{name}' has shape {x.Shape}, expected {expected}.");
    }

    public static void Element(TensorType x, ElementType expected, string name)
    {
        if (x.Element != expected)
            Fail($"'{name}' holds {x.Element}, expected {expected}.");
    }

    public static void Count(ReadOnlySpan<TensorType> inputs, int expected, string op)
    {
        if (inputs.Length != expected)
            Fail($"{op} takes {expected} inputs, found {inputs.Length}.");
    }

    public static void That([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition)
            Fail(message);
    }

    [DoesNotReturn]
    public static void Fail(string message) => throw new ShapeException(message);
}
