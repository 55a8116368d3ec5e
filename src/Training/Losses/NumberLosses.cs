using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.LabelMaps;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Losses;

/// <summary>Losses that compare numbers. Class labels become 0 and 1 first.</summary>
public abstract record NumberLossConfig : LossConfig
{
    protected abstract Op Op { get; }

    protected abstract string Name { get; }

    public override BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant) =>
        new(graph.Add(Op, scores, AsNumbers(graph, scores, targets)));

    public override string? Problem(Shape output, DataShape data)
    {
        if (data.Answer is Shape map)
            return data.Classes > 0 ? $"{Name} compares numbers, the data has a class for each pixel; use softmax-cross-entropy, dice or focal"
                : output == map ? null
                : $"the network gives {output}, {Name} expects {map}, as the targets are";
        // Two classes can be one number, 0 or 1.
        bool binary = data.Classes == 2 && output == new Shape(1);
        int wanted = data.Classes > 0 ? data.Classes : data.Targets;
        return binary || output == new Shape(wanted)
            ? null
            : $"the network gives {output}, {Name} expects [{wanted}], a number for each {(data.Classes > 0 ? "class" : "target")}; end the model with 'dense: {wanted}'";
    }

    /// <summary>For losses that make no sense for classes.</summary>
    protected string? NumbersOnlyProblem(DataShape data) =>
        data.Classes > 0 ? $"{Name} needs numbers to predict, the data has {data.Classes} classes; use softmax-cross-entropy" : null;
}

/// <summary>A loss without settings, for numbers in any unit: its op defines it.</summary>
/// <typeparam name="T">An op of the network's output and the targets, e.g. <see cref="MeanSquaredError"/>.</typeparam>
public sealed record NumberLoss<T> : NumberLossConfig where T : Op, new()
{
    protected override Op Op => new T();

    protected override string Name => All.First(c => c.Type == typeof(NumberLoss<T>)).Name;

    internal override bool TakesScaledTargets => true;
}

/// <summary>Huber loss: quadratic up to delta, then linear, as <c>torch.nn.HuberLoss</c>.</summary>
public sealed record HuberConfig : NumberLossConfig
{
    [Shorthand]
    public double Delta { get; init => field = Require.Positive(value); } = 1;

    protected override Op Op => new Huber(Delta);

    protected override string Name => "huber";

    internal override bool TakesScaledTargets => true;
}

/// <summary>Binary cross-entropy of logits, as <c>torch.nn.BCEWithLogitsLoss</c>.</summary>
public sealed record BinaryCrossEntropyConfig : NumberLossConfig
{
    /// <summary>Weight of positive targets relative to negative ones: one for all, one per label, or <c>balanced</c>: negatives over positives of each label.</summary>
    [DefaultText("1")]
    public PositiveWeight PositiveWeight { get; init; } = PositiveWeight.One;

    /// <summary>Label of pixels that are left out of the loss and the metrics.</summary>
    [DefaultText("none")]
    public int? IgnoreIndex { get; init; }

    public override int? Ignored => IgnoreIndex;

    protected override Op Op => new BinaryCrossEntropy(OfOne);

    protected override string Name => "bce-with-logits";

    public override OutputKind Output => OutputKind.BinaryLogits;

    // For masks with two classes, a logit x per pixel is the softmax of (0, x), which can leave out pixels without a class.
    public override BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant)
    {
        bool weighted = !PositiveWeight.IsOne;
        if (targets.Labels is not null && scores.Shape.Rank > 2)
            return ClassLoss.Mean(graph, new LabelLoss(0, 0, weighted, OverPlaces: true), scores, targets.Labels, weighted ? constant("positive-weight", [1, OfOne]) : null);
        if (scores.Shape.Rank != 2 || scores.Shape[1] == 1 || !PositiveWeight.IsForEach)
            return base.Build(graph, scores, targets, constant);
        Tensor weights = constant("positive-weight", [.. Enumerable.Range(0, scores.Shape[1]).Select(l => PositiveWeight[l])]);
        return new(graph.Add(new BinaryCrossEntropy(Weighted: true), scores, AsNumbers(graph, scores, targets), weights));
    }

    /// <summary>Weight of a label; null for the only one.</summary>
    internal double WeightOf(int? label) => label is int l ? PositiveWeight[l] : OfOne;

    // A single score of two classes is the score of the second.
    private double OfOne => PositiveWeight[Math.Max(0, PositiveWeight.Count - 1)];

    public override LossConfig Balanced(Func<IReadOnlyList<double>> shares) => PositiveWeight.AreKnown ? this : this with { PositiveWeight = PositiveWeight.FromShares(shares()) };

    public override string? Problem(Shape output, DataShape data)
    {
        if (PositiveWeight.IsForEach && data.MaskShape is null && PositiveWeight.Count != data.Targets + data.Classes)
            return $"positive-weight has {PositiveWeight.Count} numbers; expected {data.Targets + data.Classes}, one for each {(data.Classes > 0 ? "class" : "label")}";
        if (data.HasPositionClasses)
            return "bce-with-logits takes one class per sample or pixel, but the data has one for each position of a sequence; use softmax-cross-entropy or focal";
        if (data.MaskShape is not Shape mask)
            return IgnoreIndex is null ? base.Problem(output, data) : "ignore-index applies to pixels of masks, but the data has none; leave it out";
        Shape wanted = mask.Prepend(1);
        if (data.Classes != 2)
            return $"bce-with-logits takes masks of two classes, the data has {data.Classes}; use softmax-cross-entropy, dice or focal";
        return output == wanted ? null : $"the network gives {output}, bce-with-logits expects {wanted}, a logit for each pixel; end the model with 'conv: {{filters: 1, kernel: 1}}'";
    }

    public override BadTarget? FirstBadTarget(ReadOnlySpan<float> targets, int? row) => FirstOutside(targets, 0, 1, "0 to 1, as bce-with-logits takes probabilities");

    public override string? InputProblem(Normalize normalize) =>
        normalize == Normalize.Unit ? null : "bce-with-logits takes targets from 0 to 1, which inputs are with 'normalize: unit'; expected that in the data section";

    public override double? ExpectedAtStart(DataShape data) => PositiveWeight is { IsOne: true, AreKnown: true } ? Math.Log(2) : null;
}
