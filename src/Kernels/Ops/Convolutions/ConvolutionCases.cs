using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Convolutions;

internal static class ConvolutionCases
{
    // Shapes with their own code path, then random ones.
    private static readonly Func<Problem>[] Chosen =
    [
        () => new(1, 1, (1, 1), 1, (1, 1), new ConvGeometry()),
        () => new(3, 1, (1, 6), 1, (1, 3), new ConvGeometry()),
        () => new(2, 1, (28, 28), 6, (5, 5), new ConvGeometry { Padding = Padding.Symmetric(2, 2) }),
        () => new(2, 6, (14, 14), 16, (5, 5), new ConvGeometry()),
        () => new(3, 9, (14, 14), 17, (3, 3), new ConvGeometry { Padding = Padding.Symmetric(1, 1) }),
        () => new(2, 3, (9, 9), 33, (9, 9), new ConvGeometry()),
        () => new(3, 33, (7, 5), 20, (1, 1), new ConvGeometry()),
        () => new(2, 5, (8, 9), 12, (1, 1), new ConvGeometry { Stride = (2, 2) }),
        () => new(2, 4, (10, 11), 8, (3, 3), new ConvGeometry { Stride = (2, 2), Padding = Padding.Symmetric(1, 1) }),
        () => new(2, 3, (12, 13), 4, (2, 2), new ConvGeometry { Stride = (3, 4) }),
        () => new(2, 6, (9, 10), 6, (3, 3), new ConvGeometry { Groups = 6, Padding = Padding.Symmetric(1, 1) }),
        () => new(2, 5, (9, 10), 15, (3, 2), new ConvGeometry { Groups = 5, Stride = (2, 1), Padding = new Padding(0, 1, 1, 0) }),
        () => new(2, 6, (8, 8), 10, (3, 3), new ConvGeometry { Groups = 2, Dilation = (2, 2), Padding = Padding.Symmetric(2, 2) }),
        () => new(3, 33, (8, 8), 33, (3, 3), new ConvGeometry { Groups = 33, Padding = Padding.Symmetric(1, 1) }),
        () => new(2, 5, (17, 33), 5, (3, 3), new ConvGeometry { Groups = 5, Stride = (2, 2), Padding = new Padding(1, 1, 0, 2) }),
        () => new(20, 3, (4, 5), 3, (3, 3), new ConvGeometry { Groups = 3, Stride = (2, 2), Padding = new Padding(2, 0, 2, 0) }),
        () => new(3, 17, (9, 11), 50, (1, 1), new ConvGeometry()),
        () => new(2, 66, (14, 20), 32, (1, 1), new ConvGeometry { Groups = 2 }),
        () => new(1, 2, (40, 70), 3, (3, 3), new ConvGeometry { Padding = Padding.Symmetric(1, 1) }),
        () => new(1, 2, (1, 3000), 3, (1, 5), new ConvGeometry { Padding = new Padding(0, 0, 4, 0) }),
        () => new(1, 2, (3, 1400), 2, (3, 3), new ConvGeometry { Stride = (1, 2), Padding = Padding.Symmetric(1, 1) }),
        () => new(2, 2, (5, 1), 3, (3, 1), new ConvGeometry { Padding = new Padding(2, 0, 0, 0) }),
        () => new(2, 2, (3, 4), 2, (2, 2), new ConvGeometry { Padding = Padding.Symmetric(20, 21) }),
        () => new(1, 300, (16, 17), 2, (1, 2), new ConvGeometry()),
        () => new(2, 17, (5, 6), 18, (3, 3), new ConvGeometry { Padding = new Padding(1, 0, 1, 1) }),
        () => new(3, 32, (4, 7), 36, (3, 3), new ConvGeometry { Padding = Padding.Symmetric(2, 0), Groups = 2 }),
        () => new(40, 2, (2, 2), 65, (2, 2), new ConvGeometry { Padding = new Padding(0, 1, 0, 1) }),
        () => new(1, 32, (40, 40), 64, (2, 2), new ConvGeometry { Groups = 32 }),
        () => new(30, 16, (5, 6), 18, (3, 3), new ConvGeometry { Padding = Padding.Symmetric(1, 1) }),
        () => new(5, 9, (4, 8), 24, (1, 1), new ConvGeometry()),
        () => new(17, 6, (12, 13), 16, (5, 5), new ConvGeometry()),
        () => new(35, 1, (9, 10), 5, (5, 4), new ConvGeometry { Padding = new Padding(2, 1, 3, 2) }),
        () => new(18, 4, (11, 13), 14, (3, 7), new ConvGeometry { Stride = (2, 3), Padding = new Padding(4, 0, 1, 5) }),
        () => new(1, 16, (5, 21), 17, (3, 3), new ConvGeometry { Padding = Padding.Symmetric(1, 1) }), // rows longer than a vector
        () => new(34, 1, (2, 2), 1, (1, 1), new ConvGeometry()), // an image is smaller than a vector
        () => new(20, 6, (7, 6), 18, (3, 3), new ConvGeometry { Groups = 2, Dilation = (2, 1), Padding = new Padding(3, 2, 1, 0) }),
    ];

    public static OpFamily Family { get; } = new("convolutions", (random, i) =>
    {
        Problem p = i / 2 < Chosen.Length ? Chosen[i / 2]() : Draw(random);
        bool bias = i % 3 == 0;
        return i % 2 == 0 ? Forward(random, p, bias) : Transposed(random, p, bias);
    })
    {
        Special = 2 * Chosen.Length,
    };

    private static OpCase Forward(RandomStream random, Problem p, bool bias)
    {
        List<CaseInput> inputs = [CaseInput.Normal(random, new Shape(p.N, p.C, p.Size.H, p.Size.W)), Weights(random, p)];
        if (bias)
            inputs.Add(CaseInput.Normal(random, new Shape(p.K)));
        return new OpCase($"conv2d {p.Geometry}", new Conv2D(p.Geometry, bias), inputs);
    }

    private static OpCase Transposed(RandomStream random, Problem p, bool bias)
    {
        (int height, int width) = p.Geometry.Output(p.Size, p.Filter);
        List<CaseInput> inputs = [CaseInput.Normal(random, new Shape(p.N, p.K, height, width)), Weights(random, p)];
        if (bias)
            inputs.Add(CaseInput.Normal(random, new Shape(p.C)));
        return new OpCase($"transposed conv2d {p.Geometry}", new ConvTranspose2D(p.Geometry, p.Size.H, p.Size.W, bias), inputs);
    }

    private static CaseInput Weights(RandomStream random, Problem p) =>
        CaseInput.Normal(random, new Shape(p.K, p.C / p.Geometry.Groups, p.Filter.R, p.Filter.S));

    private static Problem Draw(RandomStream random)
    {
        int groups = random.NextInt(3) == 0 ? 1 + random.NextInt(4) : 1;
        (int r, int s) = (1 + random.NextInt(4), 1 + random.NextInt(4));
        (int dilationH, int dilationW) = (1 + random.NextInt(2), 1 + random.NextInt(3));
        (int height, int width) = ((r - 1) * dilationH + 1, (s - 1) * dilationW + 1);
        var padding = new Padding(random.NextInt(height + 1), random.NextInt(height), random.NextInt(width), random.NextInt(width + 1));
        return new Problem(
            1 + random.NextInt(4), groups * (1 + random.NextInt(5)), (height + random.NextInt(9), width + random.NextInt(12)),
            groups * (1 + random.NextInt(10)), (r, s),
            new ConvGeometry
            {
                Stride = (1 + random.NextInt(3), 1 + random.NextInt(3)),
                Padding = padding,
                Dilation = (dilationH, dilationW),
                Groups = groups,
            });
    }

    private sealed record Problem(int N, int C, (int H, int W) Size, int K, (int R, int S) Filter, ConvGeometry Geometry);
}
