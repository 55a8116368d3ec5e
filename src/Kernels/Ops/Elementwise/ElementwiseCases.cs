using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Elementwise;

internal static class ElementwiseCases
{
    private static readonly int[] Lengths = [1, 2, 15, 16, 17, 33, 257, 4096, 4097, 8193];

    public static OpFamily Family { get; } = new("elementwise", (random, i) =>
    {
        var shape = new Shape(Lengths[i / 3 % Lengths.Length]);
        return (i % 3) switch
        {
            0 => new OpCase("add", new Add(), [CaseInput.Normal(random, shape), CaseInput.Normal(random, shape)]),
            1 => new OpCase("multiply", new Multiply(), [CaseInput.Normal(random, shape), CaseInput.Normal(random, shape)]),
            _ => new OpCase("scale", new Scale(-1.7), [CaseInput.Normal(random, shape)]),
        };
    });
}
