using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Activations;

internal static class ActivationCases
{
    private static readonly Shape[] Shapes = [new(1), new(16), new(33), new(257), new(5000)];

    public static OpFamily Family { get; } = new("activations", (random, i) =>
    {
        Activation activation = Activation.All[i % Activation.All.Count];
        Shape shape = CaseSizes.At(Shapes, i / Activation.All.Count, () => CaseSizes.Draw(random, 1, 4));
        return new OpCase(activation.Name, activation.Forward(activation.Default), [CaseInput.AwayFrom(random, shape, activation.Kinks)]);
    });
}
