using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Batches;

internal static class BatchCases
{
    public static OpFamily Family { get; } = new("batches", (random, i) =>
    {
        int samples = 1 + (i % 7), n = 1 + (i % 5);
        CaseInput indices = CaseInput.Integers(random, new Shape(n), samples);
        var image = new Shape(samples, 1 + (i % 3), 5, 1 + (i % 9));
        CaseInput scale = CaseInput.Uniform(random, new Shape(image[1]), 0.5, 2) with { Differentiable = false };
        CaseInput shift = CaseInput.Normal(random, new Shape(image[1])) with { Differentiable = false };
        return (i % 4) switch
        {
            0 => new OpCase("gather labels", new GatherRows(), [CaseInput.Integers(random, new Shape(samples), 10), indices]) { Differentiable = false },
            1 => new OpCase("gather reals", new GatherRows(), [CaseInput.Normal(random, new Shape(samples, 13)), indices]) { Differentiable = false },
            2 => new OpCase("gather bytes", new GatherImages(), [CaseInput.Integers(random, image, 256, ElementType.Byte), indices, scale, shift]) { Differentiable = false },
            _ => new OpCase("gather images", new GatherImages(), [CaseInput.Normal(random, image), indices, scale, shift]) { Differentiable = false },
        };
    });
}
