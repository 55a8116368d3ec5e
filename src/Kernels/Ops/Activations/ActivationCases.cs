using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Activations;

internal static class ActivationCases
{
    private static readonly int[] Lengths = [1, 16, 33, 257, 5000];

    public static OpFamily Family { get; } = new("activations", (random, i) =>
    {
        Activation activation = Activation.All[i % Activation.All.Count];
        var shape = new Shape(Lengths[i / Activation.All.Count % Lengths.Length]);
        return new OpCase(activation.Name, activation.Forward(activation.Default), [CaseInput.AwayFrom(random, shape, activation.Kinks)]);
    });
}
