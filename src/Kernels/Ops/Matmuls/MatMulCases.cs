using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Matmuls;

internal static class MatMulCases
{
    private static readonly (int M, int N, int K)[] Sizes =
    [
        (1, 1, 1), (1, 10, 33), (33, 1, 5), (5, 3, 1), (12, 32, 7), (13, 33, 257), (31, 65, 17), (128, 10, 64), (150, 40, 400), (64, 300, 20), (1, 300, 70), (3, 129, 33), (4, 19, 50),
    ];

    public static OpFamily Family { get; } = new("matmul", (random, i) =>
    {
        (int m, int n, int k) = CaseSizes.At(Sizes, i / 4, () => (CaseSizes.Draw(random, 20), CaseSizes.Draw(random, 20), CaseSizes.Draw(random, 20)));
        bool ta = (i & 1) != 0, tb = (i & 2) != 0, bias = i % 3 == 0;
        var inputs = new List<CaseInput>
        {
            CaseInput.Normal(random, ta ? new Shape(k, m) : new Shape(m, k)),
            CaseInput.Normal(random, tb ? new Shape(n, k) : new Shape(k, n)),
        };
        if (bias)
            inputs.Add(CaseInput.Normal(random, new Shape(n)));
        return new OpCase($"matmul {(ta ? "Aᵀ" : "A")}·{(tb ? "Bᵀ" : "B")}{(bias ? " + bias" : "")}", new MatMul(ta, tb, bias), inputs);
    })
    {
        Special = 4 * Sizes.Length,
    };
}
