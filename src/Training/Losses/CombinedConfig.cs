using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Losses;

/// <summary>A weighted sum of losses on the same outputs, e.g. cross-entropy and dice.</summary>
public sealed record CombinedConfig : LossConfig
{
    /// <summary>The first determines how the outputs are interpreted.</summary>
    [Shorthand]
    public required IReadOnlyList<LossConfig> Losses { get; init => field = Require.NotEmpty(value); }

    /// <summary>A weight per loss.</summary>
    [DefaultText("1 for each loss")]
    public IReadOnlyList<double>? Weights { get; init => field = value?.Select(Require.NonNegative).ToArray(); }

    public override int? Ignored => Losses.Select(l => l.Ignored).FirstOrDefault(i => i is not null);

    public override OutputKind Output => Losses[0].Output;

    public override IEnumerable<LossConfig> Parts => Losses.SelectMany(l => l.Parts);

    // The weight of a batch is that of the first loss whose mean is not over samples.
    public override BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant)
    {
        Tensor? sum = null, weight = null;
        for (int i = 0; i < Losses.Count; i++)
        {
            int part = i;
            BatchLoss loss = Losses[i].Build(graph, scores, targets, (name, values) => constant(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name} {part}"), values));
            Tensor value = Factor(i) == 1 ? loss.Value : graph.Add(new Scale(Factor(i)), loss.Value);
            sum = sum is null ? value : graph.Add(new Add(), sum, value);
            weight ??= loss.Weight;
        }
        return new BatchLoss(sum!, weight);
    }

    public override string? Problem(Shape output, DataShape data)
    {
        if (Weights is not null && (Weights.Count != Losses.Count || Weights.All(w => w == 0)))
            return $"combined has {Weights.Count} weights for {Losses.Count} losses; expected one each, not all 0";
        if (Losses.Select(l => l.Ignored).Where(i => i is not null).Distinct().Count() > 1)
            return "the losses of combined ignore different values of a mask; expected one 'ignore-index'";
        return Losses.Select(l => l.Problem(output, data)).FirstOrDefault(p => p is not null);
    }

    public override LossConfig Balanced(Func<IReadOnlyList<double>> shares) => this with { Losses = [.. Losses.Select(l => l.Balanced(shares))] };

    public override double? ExpectedAtStart(DataShape data)
    {
        double sum = 0;
        for (int i = 0; i < Losses.Count; i++)
        {
            if (Losses[i].ExpectedAtStart(data) is not double part)
                return null;
            sum += Factor(i) * part;
        }
        return sum;
    }

    private double Factor(int i) => Weights?[i] ?? 1;
}
