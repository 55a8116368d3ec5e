using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Losses;

/// <summary>Target of a loss.</summary>
/// <param name="Labels">int [N], or [N, H, W] of masks; null for regression.</param>
/// <param name="Targets">[N, D], or [N, C, H, W]; null for classification.</param>
public sealed record LossTargets(Tensor? Labels, Tensor? Targets)
{
    /// <summary>Whether N counts the positions of sequences, of which some may have no label (-1).</summary>
    public bool AreOfPositions { get; init; }
}

/// <summary>The loss of a batch in a graph.</summary>
/// <param name="Value">One number, the mean over the batch.</param>
/// <param name="Weight">How much the batch counts among others, one number; null for its number of samples.</param>
public sealed record BatchLoss(Tensor Value, Tensor? Weight = null);

/// <summary>Interpretation of a network's outputs.</summary>
public enum OutputKind
{
    /// <summary>Themselves: predicted numbers, or scores whose highest wins.</summary>
    Numbers,

    /// <summary>Their softmax is the probabilities of the classes; of one output for two classes the sigmoid is that of the second.</summary>
    ClassLogits,

    /// <summary>The sigmoid of each is a probability.</summary>
    BinaryLogits,

    /// <summary>Logarithms of expected counts.</summary>
    LogRates,
}

/// <summary>A target that a loss has no meaning for.</summary>
/// <param name="At">Its place among all targets, or that of the first number of its sample.</param>
/// <param name="Expected">What it should be.</param>
/// <param name="Found">What there is; null for the number itself.</param>
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

    /// <summary>The value in a mask whose pixels do not count; null for none.</summary>
    public virtual int? Ignored => null;

    /// <summary>The losses that it is made of: itself, where it is no sum.</summary>
    public virtual IEnumerable<LossConfig> Parts => [this];

    /// <summary>Adds the loss, one number, to a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="scores">The network's output, [N, …].</param>
    /// <param name="targets">What it should have been.</param>
    /// <param name="constant">Makes a tensor of fixed numbers, such as class weights.</param>
    public abstract BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant);

    /// <summary>What of a network's output or of the settings does not fit the data, and what would; null when all fits.</summary>
    public abstract string? Problem(Shape output, DataShape data);

    /// <summary>Whether it is about distances between numbers, whose unit and origin may be any.</summary>
    internal virtual bool TakesScaledTargets => false;

    /// <summary>The first target that it has no meaning for; null when there is none.</summary>
    /// <param name="targets">Sample after sample.</param>
    /// <param name="row">Numbers of a sample; null where they are a map.</param>
    public virtual BadTarget? FirstBadTarget(ReadOnlySpan<float> targets, int? row) => null;

    /// <summary>Why samples that are scaled so cannot be their own targets, and what to do; null when they can.</summary>
    public virtual string? InputProblem(Normalize normalize) => null;

    /// <summary>The same for training samples whose classes have these shares, asked for only where they matter: <c>class-weights: balanced</c> becomes numbers.</summary>
    public virtual LossConfig Balanced(Func<IReadOnlyList<double>> shares) => this;

    /// <summary>The loss of a network that knows nothing yet; null where that cannot be said.</summary>
    public virtual double? ExpectedAtStart(DataShape data) => null;

    protected static BadTarget? FirstOutside(ReadOnlySpan<float> targets, float low, float high, string expected) =>
        targets.IndexOfAnyExceptInRange(low, high) is >= 0 and int at ? new BadTarget(at, expected) : null;

    /// <summary>For losses over classes: one score a class, for each pixel where the answers are masks; with <paramref name="oneForTwo"/> one for two classes.</summary>
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
            return $"class-weights has {weights.Count} numbers; expected {classes}, one a class";
        if (weights.Any(w => !(w >= 0)))
            return "class-weights holds a number below 0; expected 0 or more";
        return weights.All(w => w == 0) ? "class-weights are all 0, so nothing would be learned; expected a number above 0 among them" : null;
    }

    /// <summary>The targets as numbers [N, D]: as they are, or labels as 0 and 1.</summary>
    protected static Tensor AsNumbers(Graph graph, Tensor scores, LossTargets targets) =>
        targets.Targets ?? graph.Add(new OneHot(scores.Shape[1]), targets.Labels!);
}
