using System.Globalization;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.LabelMaps;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Losses;

/// <summary>Kullback-Leibler divergence of the target probabilities from the softmax of the outputs, as <c>torch.nn.KLDivLoss</c> of a log-softmax with <c>batchmean</c>.</summary>
public sealed record KlDivergenceConfig : NumberLossConfig
{
    // Probabilities rounded to a few decimals may miss a sum of 1 by this much.
    private const double SumTolerance = 0.01;

    protected override Op Op => new KlDivergence();

    protected override string Name => "kl-divergence";

    public override OutputKind Output => OutputKind.ClassLogits;

    public override BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant) =>
        new(graph.Add(Op, graph.Add(new ClassLogSoftmax(), scores), AsNumbers(graph, scores, targets)));

    public override BadTarget? FirstBadTarget(ReadOnlySpan<float> targets, int? row)
    {
        for (int begin = 0; begin < targets.Length && row is int size; begin += size)
        {
            double sum = 0;
            foreach (float share in targets.Slice(begin, size))
                sum += share;
            if (Math.Abs(sum - 1) > SumTolerance)
                return new BadTarget(begin, "probabilities that sum to 1, as kl-divergence takes them", string.Create(CultureInfo.InvariantCulture, $"targets that sum to {sum:G4}"));
        }
        return FirstOutside(targets, 0, 1, "probabilities from 0 to 1, as kl-divergence takes them");
    }

    public override string? Problem(Shape output, DataShape data) =>
        output.Rank > 0 && output[0] < 2 ? $"the network gives {output}, kl-divergence expects an output for each of two classes or more" : base.Problem(output, data);
}

/// <summary>Quantile (pinball) loss: the output estimates the value that a given share of the targets is below, such as the median (0.5) or the bounds of an interval (0.05, 0.95).</summary>
public sealed record QuantileConfig : NumberLossConfig
{
    /// <summary>The quantile, above 0 and below 1.</summary>
    [Shorthand]
    public double Level { get; init => field = Require.Fraction(Require.Positive(value)); } = 0.5;

    internal override bool TakesScaledTargets => true;

    protected override Op Op => new QuantileLoss(Level);

    protected override string Name => "quantile";

    public override string? Problem(Shape output, DataShape data) => NumbersOnlyProblem(data) ?? base.Problem(output, data);
}

/// <summary>Poisson loss for counts; the output is the logarithm of the expected count, as <c>torch.nn.PoissonNLLLoss</c> with <c>log_input</c>.</summary>
public sealed record PoissonConfig : NumberLossConfig
{
    protected override Op Op => new PoissonLoss();

    protected override string Name => "poisson";

    public override OutputKind Output => OutputKind.LogRates;

    public override BadTarget? FirstBadTarget(ReadOnlySpan<float> targets, int? row) => FirstOutside(targets, 0, float.PositiveInfinity, "counts of 0 or more, as poisson takes them");

    public override string? InputProblem(Normalize normalize) =>
        normalize == Normalize.Standard ? "poisson takes counts of 0 and more, which inputs are not with 'normalize: standard'; expected 'normalize: unit' or 'none' in the data section" : null;

    public override string? Problem(Shape output, DataShape data) => NumbersOnlyProblem(data) ?? base.Problem(output, data);
}
