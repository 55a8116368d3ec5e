using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Activations;

internal static class ActivationCases
{
    private static readonly Shape[] Shapes = [new(1), new(16), new(33), new(257), new(5000)];

    // With the axis of the slopes; blocks of 4,096, rows that are not whole vectors, planes.
    private static readonly (Shape Shape, int Axis)[] Sloped = [(new(2, 3, 5, 7), 1), (new(1, 1), 1), (new(33, 257), 1), (new(3, 1, 4099), 2), (new(5, 17, 9), 2), (new(1, 6, 28, 28), 1)];

    public static OpFamily Family { get; } = new("activations", (random, i) =>
    {
        int kinds = Activation.All.Count + 2, kind = i % kinds, round = i / kinds;
        if (kind >= Activation.All.Count)
            return Learned(random, round, one: kind == Activation.All.Count);
        Activation activation = Activation.All[kind];
        Shape shape = CaseSizes.At(Shapes, round, () => CaseSizes.Draw(random, 1, 4));
        return new OpCase(activation.Name, activation.Forward(activation.Default), [CaseInput.AwayFrom(random, shape, activation.Kinks)]);
    });

    private static OpCase Learned(RandomStream random, int round, bool one)
    {
        (Shape shape, int axis) = CaseSizes.At(Sloped, round, () => DrawSloped(random));
        CaseInput slopes = CaseInput.Normal(random, new Shape(one ? 1 : shape[axis]));
        return new OpCase(one ? "prelu of one slope" : $"prelu of axis {axis}", new PRelu(axis), [CaseInput.AwayFrom(random, shape, [0]), slopes]);
    }

    private static (Shape, int) DrawSloped(RandomStream random)
    {
        Shape shape = CaseSizes.Draw(random, 2, 4);
        return (shape, 1 + random.NextInt(shape.Rank - 1));
    }
}
