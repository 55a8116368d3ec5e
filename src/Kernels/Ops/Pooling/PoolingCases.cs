using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Pooling;

internal static class PoolingCases
{
    private static readonly (Shape X, PoolGeometry Geometry)[] Chosen =
    [
        (new Shape(1, 1, 1, 1), new PoolGeometry((1, 1))),
        (new Shape(1, 1, 1, 6), new PoolGeometry((1, 3)) { Stride = (1, 1) }),
        (new Shape(2, 3, 28, 28), new PoolGeometry((2, 2))),
        (new Shape(2, 3, 11, 11), new PoolGeometry((2, 2))),
        (new Shape(2, 2, 13, 14), new PoolGeometry((3, 3)) { Stride = (2, 2), Padding = Padding.Symmetric(1, 1) }),
        (new Shape(3, 5, 7, 9), new PoolGeometry((7, 9))),
        (new Shape(2, 2, 16, 17), new PoolGeometry((16, 17))),
        (new Shape(1, 2, 18, 20), new PoolGeometry((16, 16)) { Stride = (1, 2) }),
        (new Shape(1, 1, 70, 80), new PoolGeometry((2, 2)) { Stride = (1, 1) }),
        (new Shape(2, 2, 5, 1), new PoolGeometry((3, 1)) { Stride = (2, 1), Padding = new Padding(2, 1, 0, 0) }),
    ];

    public static OpFamily Family { get; } = new("pooling", (random, i) =>
    {
        // Hand-picked and random shapes alternate, and each hand-picked one is combined with another op every time.
        (Shape x, PoolGeometry g) = i % 2 == 0 ? Chosen[i / 2 % Chosen.Length] : Draw(random);
        // Pixels with many ties, where the maximum has a kink: for the gradient op by itself.
        CaseInput distinct = CaseInput.Distinct(random, x), coarse = new(new TensorType(x), [.. distinct.Values.Select(v => Math.Round(v % 3))], false);
        return ((i + (5 * (i / 20))) % 6) switch
        {
            0 => new OpCase($"max pool {g}", new MaxPool2D(g), [distinct]),
            1 => new OpCase($"max pool, ties split {g}", new MaxPool2D(g, Ties.Split), [distinct]),
            2 => new OpCase($"average pool {g}", new AveragePool2D(g), [CaseInput.Normal(random, x)]),
            3 => new OpCase($"average pool without padding {g}", new AveragePool2D(g, CountPadding: false), [CaseInput.Normal(random, x)]),
            4 => new OpCase($"max pool of equal pixels {g}", new MaxPool2D(g), [coarse]) { Differentiable = false },
            _ => new OpCase($"max pool of equal pixels, ties split {g}", new MaxPool2D(g, Ties.Split), [coarse]) { Differentiable = false },
        };
    })
    {
        Special = 6 * 2 * Chosen.Length,
    };

    private static (Shape X, PoolGeometry Geometry) Draw(RandomStream random)
    {
        (int r, int s) = (1 + random.NextInt(4), 1 + random.NextInt(4));
        var x = new Shape(1 + random.NextInt(3), 1 + random.NextInt(4), r + random.NextInt(9), s + random.NextInt(20));
        return (x, new PoolGeometry((r, s))
        {
            Stride = (1 + random.NextInt(4), 1 + random.NextInt(4)),
            Padding = new Padding(random.NextInt(r), random.NextInt(r), random.NextInt(s), random.NextInt(s)),
        });
    }
}
