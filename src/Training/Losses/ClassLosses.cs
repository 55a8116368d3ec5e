using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.LabelMaps;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Losses;

/// <summary>Losses over classes: per sample, per position of a sequence, or per pixel of a mask.</summary>
public abstract record ClassLoss : LossConfig
{
    /// <summary>Weight per class.</summary>
    [DefaultText("1 for each class")]
    public ClassWeights? ClassWeights { get; init; }

    /// <summary>Label of pixels or positions that are left out of the loss and the metrics.</summary>
    [DefaultText("none")]
    public int? IgnoreIndex { get; init; }

    public override int? Ignored => IgnoreIndex;

    public override OutputKind Output => OutputKind.ClassLogits;

    protected abstract string Name { get; }

    /// <summary>Whether a single score is allowed for two classes.</summary>
    protected virtual bool TakesOneForTwo => true;

    public override string? Problem(Shape output, DataShape data)
    {
        if (IgnoreIndex is not null && data is { Classes: > 0, Answer: null })
            return "ignore-index applies to pixels of masks, but the data has one class per sample; leave it out";
        return ClassWeightsProblem(ClassWeights, data.Classes) ?? ClassScoresProblem(output, data, Name, TakesOneForTwo);
    }

    public override LossConfig Balanced(Func<IReadOnlyList<double>> shares) => ClassWeights is { AreKnown: false } ? this with { ClassWeights = ClassWeights.FromShares(shares()) } : this;

    /// <summary>Log-softmax over the classes of scores [N, K, …]; for a single score x of two classes, that of (0, x).</summary>
    internal static Tensor LogProbabilities(Graph graph, Tensor scores) =>
        graph.Add(new ClassLogSoftmax(), scores.Shape[1] == 1 ? graph.Add(new Pad(1, 1, 0), scores) : scores);

    /// <summary>The weighted mean loss, and the total weight that it is a mean over.</summary>
    internal static BatchLoss Mean(Graph graph, LabelLoss op, Tensor scores, Tensor labels, Tensor? weights)
    {
        Tensor logp = LogProbabilities(graph, scores);
        IReadOnlyList<Tensor> outputs = weights is null ? graph.AddAll(op, logp, labels) : graph.AddAll(op, logp, labels, weights);
        return new BatchLoss(outputs[0], outputs[1]);
    }
}

/// <summary>Softmax and cross-entropy in one, as <c>torch.nn.CrossEntropyLoss</c>; for masks, per pixel.</summary>
public sealed record SoftmaxCrossEntropyConfig : ClassLoss
{
    /// <summary>Share of the target that is spread evenly over all classes.</summary>
    public double LabelSmoothing { get; init => field = Require.Fraction(value); }

    protected override string Name => "softmax-cross-entropy";

    protected override bool TakesOneForTwo => false;

    public override BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant)
    {
        Tensor? weights = ClassWeights is null ? null : constant("class-weights", ClassWeights.For(scores.Shape[1]));
        if (scores.Shape.Rank > 2)
            return Mean(graph, new LabelLoss(0, LabelSmoothing, weights is not null), scores, targets.Labels!, weights);
        var op = new SoftmaxCrossEntropy(LabelSmoothing, weights is not null, targets.AreOfPositions);
        if (weights is null && !targets.AreOfPositions)
            return new BatchLoss(graph.AddAll(op, scores, targets.Labels!)[0]);
        IReadOnlyList<Tensor> outputs = weights is null ? graph.AddAll(op, scores, targets.Labels!) : graph.AddAll(op, scores, targets.Labels!, weights);
        return new BatchLoss(outputs[0], outputs[2]);
    }

    public override double? ExpectedAtStart(DataShape data) => Math.Log(data.Classes);
}

/// <summary>Focal loss: cross-entropy that down-weights samples already classified well, for rare classes (Lin et al., 2017).</summary>
public sealed record FocalConfig : ClassLoss
{
    /// <summary>Focusing exponent: the cross-entropy is multiplied by (1 - p)^gamma, where p is the probability of the correct class.</summary>
    [Shorthand]
    public double Gamma { get; init => field = Require.NonNegative(value); } = 2;

    protected override string Name => "focal";

    public override BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant) =>
        Mean(graph, new LabelLoss(Gamma, 0, ClassWeights is not null), scores, targets.Labels!, ClassWeights is null ? null : constant("class-weights", ClassWeights.For(scores.Shape[1] == 1 ? 2 : scores.Shape[1])));

    public override double? ExpectedAtStart(DataShape data) => ClassWeights is null ? Math.Pow(1 - (1.0 / data.Classes), Gamma) * Math.Log(data.Classes) : null;
}

/// <summary>1 - Dice coefficient of the predicted and the true region of each class, per sample (Milletari et al., 2016).</summary>
public sealed record DiceConfig : ClassLoss
{
    /// <summary>Added to numerator and denominator, so that a class that is neither present nor predicted counts as correct.</summary>
    [Shorthand]
    public double Smooth { get; init => field = Require.Positive(value); } = 1;

    /// <summary>Include class 0.</summary>
    public bool Background { get; init; } = true;

    protected override string Name => "dice";

    public override BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant)
    {
        Tensor logp = LogProbabilities(graph, scores);
        double[] weights = [.. Enumerable.Range(0, logp.Shape[1]).Select(c => c == 0 && !Background ? 0 : ClassWeights?[c] ?? 1)];
        return new BatchLoss(graph.AddAll(new Dice(Smooth), logp, targets.Labels!, constant("dice-weights", weights))[0]);
    }

    public override string? Problem(Shape output, DataShape data)
    {
        if (data is { Classes: > 0, MaskShape: null })
            return "dice compares regions, but the data has one class per sample; use softmax-cross-entropy or focal";
        return base.Problem(output, data) ?? (!Background && (ClassWeights is { AreKnown: true } ? ClassWeights.Skip(1).All(w => w == 0) : data.Classes == 1) ? "dice without the background has no class left; expected one with a weight above 0" : null);
    }
}
