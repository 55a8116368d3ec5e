using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Conformance;

/// <summary>An operand of a test case: its type and its values (integral for integers and bytes).</summary>
/// <param name="Type">Shape and element type.</param>
/// <param name="Values">One number per element.</param>
/// <param name="Differentiable">Whether its gradient is checked; reals only.</param>
public sealed record CaseInput(TensorType Type, double[] Values, bool Differentiable = true)
{
    /// <summary>Normal numbers.</summary>
    public static CaseInput Normal(RandomStream random, Shape shape, double scale = 1) =>
        new(new TensorType(shape), Draw(shape, () => scale * random.NextNormal()));

    /// <summary>Uniform numbers.</summary>
    public static CaseInput Uniform(RandomStream random, Shape shape, double low, double high) =>
        new(new TensorType(shape), Draw(shape, () => random.NextUniform(low, high)));

    /// <summary>Normal numbers at least <paramref name="gap"/> away from each discontinuity of a derivative.</summary>
    public static CaseInput AwayFrom(RandomStream random, Shape shape, IReadOnlyList<double> kinks, double gap = 1e-3, double scale = 2) =>
        new(new TensorType(shape), Draw(shape, () =>
        {
            double x;
            do
                x = scale * random.NextNormal();
            while (kinks.Any(k => Math.Abs(x - k) < gap));
            return x;
        }));

    /// <summary>Numbers at least <paramref name="gap"/> apart, in random order, so that no maximum is ambiguous.</summary>
    public static CaseInput Distinct(RandomStream random, Shape shape, double gap = 0.01)
    {
        int[] order = random.Permutation(shape.Count);
        return new(new TensorType(shape), [.. order.Select(i => (i - (shape.Count / 2.0)) * gap)]);
    }

    /// <summary>Random integers from 0 to <paramref name="bound"/> - 1.</summary>
    public static CaseInput Integers(RandomStream random, Shape shape, int bound, ElementType element = ElementType.Int32) =>
        new(new TensorType(shape, element), Draw(shape, () => random.NextInt(bound)), false);

    public static CaseInput Constant(Shape shape, params double[] values) => new(new TensorType(shape), values, false);

    private static double[] Draw(Shape shape, Func<double> next) => [.. Enumerable.Range(0, shape.Count).Select(_ => next())];
}

/// <summary>An op with operands. On any device it must match the reference, and its gradient must be right.</summary>
/// <param name="Name">For the report: the op and what the case covers.</param>
/// <param name="Op">The op.</param>
/// <param name="Inputs">Its operands in order.</param>
public sealed record OpCase(string Name, Op Op, IReadOnlyList<CaseInput> Inputs)
{
    /// <summary>False for ops after the loss (optimizers, metrics), which have no gradient.</summary>
    public bool Differentiable { get; init; } = true;

    /// <summary>Outputs that the gradient may flow into; all real ones if null. Saved intermediates are excluded here.</summary>
    public IReadOnlyList<int>? GradientOutputs { get; init; }

    public override string ToString() => $"{Name} {string.Join(" ", Inputs.Select(i => i.Type))}";
}

/// <summary>A family of ops with an endless source of cases, including sizes of 1, odd sizes and non-multiples of blocks.</summary>
/// <param name="Name">Folder of the family, e.g. <c>conv2d</c>.</param>
/// <param name="Case">The i-th case; the same for the same stream.</param>
public sealed record OpFamily(string Name, Func<RandomStream, int, OpCase> Case)
{
    /// <summary>Number of leading cases that were chosen by hand; every check runs them.</summary>
    public int Special { get; init; }

    public IEnumerable<OpCase> Cases(int count, ulong seed = 1)
    {
        for (int i = 0; i < count; i++)
            yield return Case(new RandomStream(seed, Purpose.Explore, (uint)i), i);
    }
}
