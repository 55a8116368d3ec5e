using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Ops.Normalization;
using GpuGrad.Kernels.Ops.Optimizers;
using GpuGrad.Kernels.Ops.Pooling;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Ops.Resampling;
using GpuGrad.Kernels.Ops.Softmax;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Benchmarks;

/// <summary>An op that can be benchmarked by itself.</summary>
/// <param name="Name">The value of <c>--op</c>.</param>
/// <param name="Sizes">Names of the sizes in <c>--shape</c>; null for a shape of any rank.</param>
/// <param name="Example">An example shape.</param>
/// <param name="Make">Makes the op with operands of these sizes.</param>
public sealed record OpBenchmark(string Name, string? Sizes, string Example, Func<RandomStream, int[], OpCase> Make);

/// <summary>The ops of <c>gpugrad bench --op</c>.</summary>
public static class OpBenchmarks
{
    public static IReadOnlyList<OpBenchmark> All { get; } =
    [
        new("matmul", "MxKxN", "1024x1024x1024", (r, s) => new OpCase("matmul", new MatMul(), [Normal(r, s[0], s[1]), Normal(r, s[1], s[2])])),
        new("matmul-tf32", "MxKxN", "1024x1024x1024", (r, s) => new OpCase("matmul-tf32", new MatMul { Precision = Precision.Tf32 }, [Normal(r, s[0], s[1]), Normal(r, s[1], s[2])])),
        new("matmul-bf16", "MxKxN", "1024x1024x1024", (r, s) => new OpCase("matmul-bf16", new MatMul { Precision = Precision.Bf16 }, [Normal(r, s[0], s[1]), Normal(r, s[1], s[2])])),
        new("dense", "MxKxN", "128x784x512", (r, s) => new OpCase("dense", new MatMul(TransposeB: true, Bias: true), [Normal(r, s[0], s[1]), Normal(r, s[2], s[1]), Normal(r, s[2])])),
        new("conv", "NxCxHxWxKxR", "128x32x28x28x32x3", (r, s) => Convolution("conv", r, s, s[4], s[5], 1, 1)),
        new("conv-stride2", "NxCxHxWxKxR", "64x64x32x32x128x3", (r, s) => Convolution("conv-stride2", r, s, s[4], s[5], 2, 1)),
        new("depthwise", "NxCxHxWxR", "64x128x16x16x3", (r, s) => Convolution("depthwise", r, s, s[1], s[4], 1, s[1])),
        new("maxpool", "NxCxHxW", "128x32x28x28", (r, s) => new OpCase("maxpool", new MaxPool2D(new PoolGeometry((2, 2))), [CaseInput.Distinct(r, new Shape(s))]) { GradientOutputs = [0] }),
        new("avgpool", "NxCxHxW", "128x32x28x28", (r, s) => new OpCase("avgpool", new AveragePool2D(new PoolGeometry((2, 2))), [Normal(r, s)])),
        new("upsample", "NxCxHxW", "128x32x14x14", (r, s) => new OpCase("upsample", new Upsample(2 * s[2], 2 * s[3], Interpolation.Bilinear), [Normal(r, s)])),
        new("batchnorm", "NxCxHxW", "128x32x28x28", BatchNorm),
        new("softmax", "NxC", "1024x1000", (r, s) => new OpCase("softmax", new Softmax(), [Normal(r, s)])),
        new("softmax-cross-entropy", "NxC", "1024x1000", (r, s) => new OpCase("softmax-cross-entropy", new SoftmaxCrossEntropy(), [Normal(r, s), CaseInput.Integers(r, new Shape(s[0]), s[1])]) { GradientOutputs = [0] }),
        new("sum", "RowsxN", "1x1000000", (r, s) => new OpCase("sum", new ChannelSum(0), [Normal(r, s)])),
        new("prelu", "NxC", "1024x1024", (r, s) => new OpCase("prelu", new PRelu(1), [CaseInput.AwayFrom(r, new Shape(s), [0]), Normal(r, s[1])])),
        new("add", null, "1024x1024", (r, s) => new OpCase("add", new Add(), [Normal(r, s), Normal(r, s)])),
        new("sgd", "N", "1000000", (r, s) => Optimizer<MomentumRule>("sgd", r, s)),
        new("adam", "N", "1000000", (r, s) => Optimizer<AdamRule>("adam", r, s)),
        .. Activation.All.Select(a => new OpBenchmark(a.Name, null, "1024x1024", (r, s) => new OpCase(a.Name, a.Forward(a.Default), [CaseInput.AwayFrom(r, new Shape(s), a.Kinks)]))),
    ];

    /// <summary>Reads a shape like <c>128x32x28x28</c> for an op.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>.</exception>
    public static int[] Parse(OpBenchmark benchmark, string shape)
    {
        string[] parts = shape.Split('x');
        var sizes = new int[parts.Length];
        bool read = parts.Select((p, i) => int.TryParse(p, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out sizes[i]) && sizes[i] > 0).All(ok => ok);
        if (!read || (benchmark.Sizes is string wanted && wanted.Split('x').Length != sizes.Length))
            throw new GpuGradException(Fault.Config, $"--shape {shape}; expected {(benchmark.Sizes is null ? "sizes" : benchmark.Sizes)} for {benchmark.Name}, e.g. {benchmark.Example}");
        return sizes;
    }

    private static CaseInput Normal(RandomStream random, params int[] sizes) => CaseInput.Normal(random, new Shape(sizes));

    private static OpCase Convolution(string name, RandomStream random, int[] s, int filters, int kernel, int stride, int groups)
    {
        var geometry = new ConvGeometry { Padding = Padding.Symmetric(kernel / 2, kernel / 2), Stride = (stride, stride), Groups = groups };
        return new OpCase(name, new Conv2D(geometry), [Normal(random, s[..4]), Normal(random, filters, s[1] / groups, kernel, kernel)]);
    }

    private static OpCase BatchNorm(RandomStream random, int[] s)
    {
        var channels = new Shape(s[1]);
        CaseInput[] running = [CaseInput.Constant(channels, new double[s[1]]), CaseInput.Uniform(random, channels, 0.5, 2) with { Differentiable = false }];
        CaseInput[] affine = [CaseInput.Uniform(random, channels, 0.5, 2), Normal(random, s[1])];
        return new OpCase("batchnorm", new BatchNorm(1e-5, 0.1, true), [Normal(random, s), .. running, .. affine]) { GradientOutputs = [0] };
    }

    private static OpCase Optimizer<Rule>(string name, RandomStream random, int[] s) where Rule : struct, IOptimizerRule
    {
        var hyper = new double[HyperLayout.Length];
        (hyper[HyperLayout.Rate], hyper[HyperLayout.Correction1], hyper[HyperLayout.Correction2]) = (0.01, 0.1, 0.1);
        var op = new OptimizerUpdate<Rule>(new OptimizerConstants { A = 0.9, B = 0.99, Epsilon = 1e-8, Decay = 1e-4 }, false);
        CaseInput[] slots = [.. Enumerable.Range(0, Rule.Slots).Select(_ => CaseInput.Uniform(random, new Shape(s), 0.1, 1))];
        return new OpCase(name, op, [Normal(random, s), Normal(random, s), CaseInput.Constant(new Shape(HyperLayout.Length), hyper), .. slots]) { Differentiable = false };
    }
}
