using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Embeddings;

internal static class EmbeddingCases
{
    private static readonly (Shape Table, Shape Indices)[] Sizes =
    [
        (new(1, 1), new(1)), (new(5, 33), new(7, 3)), (new(257, 16), new(33, 2)), (new(10, 65), new(1, 200)), (new(1000, 3), new(50)),
    ];

    public static OpFamily Family { get; } = new("embeddings", (random, i) =>
    {
        (Shape table, Shape positions) = CaseSizes.At(Sizes, i / 2, () => (CaseSizes.Draw(random, 2, 2), CaseSizes.Draw(random, 1, 2)));
        // Two more than the table has: indices out of range must use the same row on every device.
        CaseInput indices = CaseInput.Integers(random, positions, table[0] + 2, i % 2 == 0 ? ElementType.Int32 : ElementType.Real);
        return new OpCase($"embedding by {indices.Type.Element}", new Embedding(), [CaseInput.Normal(random, table), indices]);
    });
}
