using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Attention;

internal static class AttentionCases
{
    // Blocks of 64 (cpu) and of 16 and 32 (kernels), and sizes beside them.
    private static readonly (int N, int T, int Heads, int Groups, int Width)[] Sizes =
    [
        (1, 1, 1, 1, 1), (2, 5, 2, 2, 3), (1, 64, 1, 1, 32), (2, 65, 2, 1, 17), (1, 33, 4, 2, 40), (1, 131, 1, 1, 5), (3, 16, 2, 2, 16), (1, 70, 3, 1, 65),
    ];

    public static OpFamily Family { get; } = new("attention", (random, i) =>
    {
        (int n, int t, int heads, int groups, int width) = CaseSizes.At(Sizes, i / 7, () => Draw(random));
        return (i % 7) switch
        {
            4 => Rotation(random, n, t, heads, width),
            5 => new OpCase("positions", new AddPositions(), [CaseInput.Normal(random, new Shape(n, t, width)), CaseInput.Normal(random, new Shape(t + heads - 1, width))]),
            6 => new OpCase("sinusoids", new AddSinusoids(), [CaseInput.Normal(random, new Shape(n, t, width))]),
            var kind => Case(random, new AttentionSizes(n, t, heads, groups, width), causal: kind % 2 == 0, padded: kind > 1),
        };
    })
    { Special = 7 * Sizes.Length };

    private static (int, int, int, int, int) Draw(RandomStream random)
    {
        int groups = CaseSizes.Draw(random, 2);
        return (CaseSizes.Draw(random, 2), CaseSizes.Draw(random, 12), groups * CaseSizes.Draw(random, 2), groups, CaseSizes.Draw(random, 6));
    }

    private static OpCase Case(RandomStream random, AttentionSizes s, bool causal, bool padded)
    {
        var inputs = new List<CaseInput> { CaseInput.Normal(random, new Shape(s.N, s.T, s.Row)) };
        if (padded) // also lengths that are not allowed, which every device must take for the nearest that is
            inputs.Add(CaseInput.Integers(random, new Shape(s.N), s.T + 3));
        string name = $"attention of {s.Heads} heads, {s.Groups} of keys{(causal ? ", causal" : "")}{(padded ? ", padded" : "")}";
        return new OpCase(name, new Attention(s.Heads, s.Groups, causal, padded), inputs) { GradientOutputs = [0] };
    }

    private static OpCase Rotation(RandomStream random, int n, int t, int heads, int width) =>
        new($"rotary {heads} heads", new Rotary(heads, 2 * width), [CaseInput.Normal(random, new Shape(n, t, (heads + 1) * 2 * width))]);
}
