using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Ops.Dropout;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Attention;

internal static class AttentionCases
{
    private const int Kinds = 12;

    // Blocks of 64 (cpu) and of 16 and 32 (kernels), and sizes around them.
    private static readonly (int N, int T, int Heads, int Groups, int Width)[] Sizes =
    [
        (1, 1, 1, 1, 1), (1, 33, 4, 2, 5), (2, 5, 2, 2, 3), (1, 64, 1, 1, 32), (2, 65, 2, 1, 17), (1, 33, 4, 2, 40), (1, 131, 1, 1, 5), (3, 16, 2, 2, 16), (1, 70, 3, 1, 65),
    ];

    public static OpFamily Family { get; } = new("attention", (random, i) =>
    {
        (int n, int t, int heads, int groups, int width) = CaseSizes.At(Sizes, i / Kinds, () => Draw(random));
        return (i % Kinds) switch
        {
            7 => OfStep(random, i / Kinds % 5, n, t, heads, groups, width),
            4 => Rotation(random, n, t, heads, width),
            5 => new OpCase("positions", new AddPositions(), [CaseInput.Normal(random, new Shape(n, t, width)), CaseInput.Normal(random, new Shape(t + heads - 1, width))]),
            6 => new OpCase("sinusoids", new AddSinusoids(), [CaseInput.Normal(random, new Shape(n, t, width))]),
            var kind => Case(random, new AttentionSizes(n, t, heads, groups, width), causal: kind % 2 == 0, padded: kind is 2 or 3 or 8 or 10, alibi: kind is 8 or 9 or 11, drops: kind > 9),
        };
    })
    { Special = Kinds * Sizes.Length };

    private static (int, int, int, int, int) Draw(RandomStream random)
    {
        int groups = CaseSizes.Draw(random, 2);
        return (CaseSizes.Draw(random, 2), CaseSizes.Draw(random, 12), groups * CaseSizes.Draw(random, 2), groups, CaseSizes.Draw(random, 6));
    }

    private static OpCase Case(RandomStream random, AttentionSizes s, bool causal, bool padded, bool alibi, bool drops)
    {
        var inputs = new List<CaseInput> { CaseInput.Normal(random, new Shape(s.N, s.T, s.Row)) };
        if (padded) // also invalid lengths, which every device must clamp to the nearest valid one
            inputs.Add(CaseInput.Integers(random, new Shape(s.N), s.T + 3));
        string name = $"attention of {s.Heads} heads, {s.Groups} of keys{(causal ? ", causal" : "")}{(padded ? ", padded" : "")}{(alibi ? ", alibi" : "")}{(drops ? ", dropout" : "")}";
        if (drops)
            inputs.Add(DropoutCases.Rng(random));
        return new OpCase(name, new Attention(s.Heads, s.Groups, causal, padded, alibi, drops ? 0.3 : 0, Stream: 7), inputs) { GradientOutputs = [0] };
    }

    // A single further step, at its own position.
    private static OpCase OfStep(RandomStream random, int kind, int n, int most, int heads, int groups, int width)
    {
        var s = new AttentionSizes(n, 1, heads, groups, width);
        CaseInput position = CaseInput.Integers(random, new Shape(1), most + 1, ElementType.Int32); // also one too large, which every device must clamp
        CaseInput x = CaseInput.Normal(random, new Shape(n, 1, 2 * width));
        return kind switch
        {
            0 or 4 => new OpCase($"step of attention of {heads} heads, {groups} of keys{(kind > 0 ? ", alibi" : "")}", new StepAttention(heads, groups, Alibi: kind > 0), [CaseInput.Normal(random, new Shape(n, 1, s.Row)), CaseInput.Normal(random, new Shape(n, most, 2 * groups * width)), position]) { Differentiable = false },
            1 => new OpCase("position of a step", new AddPositions(Placed: true), [x, CaseInput.Normal(random, new Shape(most, 2 * width)), position]) { Differentiable = false },
            2 => new OpCase("sinusoids of a step", new AddSinusoids(Most: most), [x, position]) { Differentiable = false },
            _ => new OpCase("rotary of a step", new Rotary(1, 2 * width, Most: most), [x, position]),
        };
    }

    private static OpCase Rotation(RandomStream random, int n, int t, int heads, int width) =>
        new($"rotary {heads} heads", new Rotary(heads, 2 * width), [CaseInput.Normal(random, new Shape(n, t, (heads + 1) * 2 * width))]);
}
