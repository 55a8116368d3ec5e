using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Losses;

/// <summary>What the scores of a batch are compared with.</summary>
/// <param name="Labels">int [N]; null for regression.</param>
/// <param name="Targets">[N, D]; null for classification.</param>
public sealed record LossTargets(Tensor? Labels, Tensor? Targets);

/// <summary>The loss of a batch in a graph.</summary>
/// <param name="Value">One number, the mean over the batch.</param>
/// <param name="Weight">How much the batch counts among others, one number; null for its number of samples.</param>
public sealed record BatchLoss(Tensor Value, Tensor? Weight = null);

/// <summary>What training makes small.</summary>
public abstract record LossConfig : IChoice<LossConfig>, ILocated
{
    public static string What => "loss";

    public static IReadOnlyList<Choice> Choices => All;

    public static IReadOnlyList<Choice> All { get; } =
    [
        new("softmax-cross-entropy", typeof(SoftmaxCrossEntropyConfig), "-ln softmax(x)[label], mean over the batch."),
        new("bce-with-logits", typeof(BinaryCrossEntropyConfig), "Binary cross-entropy of logits."),
        new("hinge", typeof(HingeConfig), "The multiclass support vector machine's loss."),
        new("squared-hinge", typeof(SquaredHingeConfig), "The same with each violation squared."),
        new("squared-error", typeof(SquaredErrorConfig), "Half the sum of squared errors, mean over the batch."),
        new("mse", typeof(MseConfig), "Mean squared error."),
        new("mae", typeof(MaeConfig), "Mean absolute error."),
        new("huber", typeof(HuberConfig), "Squared error that becomes linear beyond delta."),
    ];

    [NotConfig]
    public Mark? Source { get; init; }

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

    /// <summary>The loss of a network that knows nothing yet; null where that cannot be said.</summary>
    public virtual double? ExpectedAtStart(DataShape data) => null;

    /// <summary>For losses over classes: one score a class.</summary>
    protected static string? ClassScoresProblem(Shape output, DataShape data, string name)
    {
        if (data.Classes == 0)
            return $"{name} needs class labels, the data has {data.Targets} number{(data.Targets == 1 ? "" : "s")} to predict; use mse, mae, huber or squared-error";
        return output == new Shape(data.Classes)
            ? null
            : $"the network gives {output}, {name} expects [{data.Classes}], a score for each class; end the model with 'dense: {data.Classes}'";
    }

    /// <summary>The targets as numbers [N, D]: as they are, or labels as 0 and 1.</summary>
    protected static Tensor AsNumbers(Graph graph, Tensor scores, LossTargets targets) =>
        targets.Targets ?? graph.Add(new OneHot(scores.Shape[1]), targets.Labels!);
}

/// <summary>Softmax and cross-entropy in one, as <c>torch.nn.CrossEntropyLoss</c>.</summary>
public sealed record SoftmaxCrossEntropyConfig : LossConfig
{
    /// <summary>Share of the target spread evenly over all classes.</summary>
    public double LabelSmoothing { get; init => field = Require.Fraction(value); }

    /// <summary>Weight of each class.</summary>
    [DefaultText("1 for each class")]
    public IReadOnlyList<double>? ClassWeights { get; init; }

    public override BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant)
    {
        var op = new SoftmaxCrossEntropy(LabelSmoothing, ClassWeights is not null);
        if (ClassWeights is null)
            return new BatchLoss(graph.AddAll(op, scores, targets.Labels!)[0]);
        IReadOnlyList<Tensor> outputs = graph.AddAll(op, scores, targets.Labels!, constant("class-weights", ClassWeights));
        return new BatchLoss(outputs[0], outputs[2]);
    }

    public override string? Problem(Shape output, DataShape data)
    {
        if (ClassWeights is not null && ClassWeights.Count != data.Classes)
            return $"class-weights has {ClassWeights.Count} numbers; expected {data.Classes}, one a class";
        if (ClassWeights is not null && ClassWeights.Any(w => !(w >= 0)))
            return "class-weights holds a number below 0; expected 0 or more";
        if (ClassWeights is not null && ClassWeights.All(w => w == 0))
            return "class-weights are all 0, so nothing would be learned; expected a number above 0 among them";
        return ClassScoresProblem(output, data, "softmax-cross-entropy");
    }

    public override double? ExpectedAtStart(DataShape data) => Math.Log(data.Classes);
}
