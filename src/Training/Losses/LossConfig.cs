using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Losses;

/// <summary>The targets of a loss.</summary>
/// <param name="Labels">Labels int [N], or [N, H, W] for masks; null for regression.</param>
/// <param name="Targets">Targets [N, D] or [N, C, H, W]; null for classification.</param>
public sealed record LossTargets(Tensor? Labels, Tensor? Targets)
{
    /// <summary>Whether N counts positions of sequences, some of which may have no label (-1).</summary>
    public bool AreOfPositions { get; init; }
}

/// <summary>The loss of a batch in a graph.</summary>
/// <param name="Value">The mean over the batch, a scalar.</param>
/// <param name="Weight">Weight of the batch in a mean over batches, a scalar; null for its number of samples.</param>
public sealed record BatchLoss(Tensor Value, Tensor? Weight = null);

/// <summary>Interpretation of a network's outputs.</summary>
public enum OutputKind
{
    /// <summary>The outputs themselves: predicted numbers, or scores of which the highest wins.</summary>
    Numbers,

    /// <summary>Logits of classes: the softmax gives their probabilities; for one output and two classes, the sigmoid is the probability of the second.</summary>
    ClassLogits,

    /// <summary>Independent logits: the sigmoid of each is a probability.</summary>
    BinaryLogits,

    /// <summary>Logarithms of expected counts.</summary>
    LogRates,
}

/// <summary>A target that is not valid for a loss.</summary>
/// <param name="At">Its index among all targets, or that of the first number of its sample.</param>
/// <param name="Expected">Description of a valid target.</param>
/// <param name="Found">Description of the invalid one; null for the number itself.</param>
public readonly record struct BadTarget(int At, string Expected, string? Found = null);

/// <summary>The function that training minimizes.</summary>
public abstract record LossConfig : IChoice<LossConfig>, ILocated
{
    public static string What => "loss";

    public static IReadOnlyList<Choice> Choices => All;

    public static IReadOnlyList<Choice> All { get; } =
    [
        new("softmax-cross-entropy", typeof(SoftmaxCrossEntropyConfig), "-ln softmax(x)[label], mean over the batch."),
        new("bce-with-logits", typeof(BinaryCrossEntropyConfig), "Binary cross-entropy of logits."),
        new("hinge", typeof(HingeConfig), "The multiclass hinge loss of support vector machines."),
        new("squared-hinge", typeof(SquaredHingeConfig), "The hinge loss with each violation squared."),
        new("squared-error", typeof(NumberLoss<HalfSquaredError>), "Half the sum of squared errors per sample, averaged over the batch."),
        new("mse", typeof(NumberLoss<MeanSquaredError>), "Mean squared error."),
        new("mae", typeof(NumberLoss<MeanAbsoluteError>), "Mean absolute error."),
        new("huber", typeof(HuberConfig), "Squared error that becomes linear beyond delta."),
        new("focal", typeof(FocalConfig), "Cross-entropy that gives well-classified samples less weight (Lin et al., 2017)."),
        new("dice", typeof(DiceConfig), "1 - Dice coefficient: the overlap of predicted and true regions."),
        new("kl-divergence", typeof(KlDivergenceConfig), "Kullback-Leibler divergence from the target probabilities to the softmax of the outputs."),
        new("quantile", typeof(QuantileConfig), "Pinball loss: its minimum is a quantile of the targets instead of their mean."),
        new("poisson", typeof(PoissonConfig), "Negative log-likelihood of counts; the outputs are the logarithms of their expected values."),
        new("combined", typeof(CombinedConfig), "A weighted sum of losses."),
    ];

    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Interpretation of the outputs of a network trained with this loss.</summary>
    public virtual OutputKind Output => OutputKind.Numbers;

    /// <summary>The value of mask pixels that are ignored; null for none.</summary>
    public virtual int? Ignored => null;

    /// <summary>The losses that a combined loss sums; otherwise the loss itself.</summary>
    public virtual IEnumerable<LossConfig> Parts => [this];

    /// <summary>Adds the loss, a scalar, to a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="scores">The network's output, [N, …].</param>
    /// <param name="targets">The expected outputs.</param>
    /// <param name="constant">Makes a tensor of constants, such as class weights.</param>
    public abstract BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant);

    /// <summary>Describes what does not fit between output, settings and data, with the remedy; null if all fits.</summary>
    public abstract string? Problem(Shape output, DataShape data);

    /// <summary>Whether the loss depends on differences of numbers only, so that targets may be scaled and shifted.</summary>
    internal virtual bool TakesScaledTargets => false;

    /// <summary>The first invalid target; null if there is none.</summary>
    /// <param name="targets">Targets, sample after sample.</param>
    /// <param name="row">Numbers per sample; null for images.</param>
    public virtual BadTarget? FirstBadTarget(ReadOnlySpan<float> targets, int? row) => null;

    /// <summary>Why samples scaled this way cannot be their own targets, with the remedy; null if they can.</summary>
    public virtual string? InputProblem(Normalize normalize) => null;

    /// <summary>The loss for training samples with these shares of classes, which are computed only if needed: <c>class-weights: balanced</c> becomes numbers.</summary>
    public virtual LossConfig Balanced(Func<IReadOnlyList<double>> shares) => this;

    /// <summary>The expected loss of an untrained network; null if there is no formula.</summary>
    public virtual double? ExpectedAtStart(DataShape data) => null;

    protected static BadTarget? FirstOutside(ReadOnlySpan<float> targets, float low, float high, string expected) =>
        targets.IndexOfAnyExceptInRange(low, high) is >= 0 and int at ? new BadTarget(at, expected) : null;

    /// <summary>For losses over classes: checks for one score per class (per pixel for masks), or with <paramref name="oneForTwo"/> one score for two classes.</summary>
    protected static string? ClassScoresProblem(Shape output, DataShape data, string name, bool oneForTwo = false)
    {
        if (data.Classes == 0)
            return $"{name} needs class labels, the data has {data.Targets} number{(data.Targets == 1 ? "" : "s")} to predict; use mse, mae, huber or squared-error";
        if (data.HasPositionClasses)
        {
            Shape wanted = data.Answer!.Value.Append(data.Classes);
            return output == wanted || (oneForTwo && data.Classes == 2 && output == wanted.With(1, 1)) ? null
                : $"the network gives {output}, {name} expects {wanted}, a score for each class at each position; end the model with 'dense: {data.Classes}' on {data.Answer.Value[0]} steps";
        }
        int[] places = data.Answer is Shape mask ? [.. mask.Sizes] : [];
        if (output == new Shape([data.Classes, .. places]) || (oneForTwo && data.Classes == 2 && output == new Shape([1, .. places])))
            return null;
        string end = data.Answer is null ? $"'dense: {data.Classes}'" : $"'conv: {{filters: {data.Classes}, kernel: 1}}' on {places[0]} × {places[1]} pixels";
        return $"the network gives {output}, {name} expects {new Shape([data.Classes, .. places])}, a score for each class{(data.Answer is null ? "" : " of each pixel")}; end the model with {end}";
    }

    /// <summary>Error in the class weights; null if there is none.</summary>
    protected static string? ClassWeightsProblem(ClassWeights? weights, int classes)
    {
        if (weights is null or { AreKnown: false })
            return null;
        if (weights.Count != classes)
            return $"class-weights has {weights.Count} numbers; expected {classes}, one per class";
        if (weights.Any(w => !(w >= 0)))
            return "class-weights holds a number below 0; expected 0 or more";
        return weights.All(w => w == 0) ? "class-weights are all 0, so nothing would be learned; expected at least one above 0" : null;
    }

    /// <summary>The targets as numbers [N, D]: unchanged, or class labels as 0 and 1.</summary>
    protected static Tensor AsNumbers(Graph graph, Tensor scores, LossTargets targets) =>
        targets.Targets ?? graph.Add(new OneHot(scores.Shape[1]), targets.Labels!);
}
