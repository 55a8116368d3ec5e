using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Losses;

/// <summary>Losses that compare numbers with numbers. Class labels become 0 and 1 first.</summary>
public abstract record NumberLossConfig : LossConfig
{
    protected abstract Op Op { get; }

    protected abstract string Name { get; }

    public override BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant) =>
        new(graph.Add(Op, scores, AsNumbers(graph, scores, targets)));

    public override string? Problem(Shape output, DataShape data)
    {
        // Two classes fit one number, 0 or 1.
        bool binary = data.Classes == 2 && output == new Shape(1);
        int wanted = data.Classes > 0 ? data.Classes : data.Targets;
        return binary || output == new Shape(wanted)
            ? null
            : $"the network gives {output}, {Name} expects [{wanted}], a number for each {(data.Classes > 0 ? "class" : "target")}; end the model with 'dense: {wanted}'";
    }
}

/// <summary>½Σ(ŷ - y)² of a sample, mean over the batch.</summary>
public sealed record SquaredErrorConfig : NumberLossConfig
{
    protected override Op Op => new HalfSquaredError();

    protected override string Name => "squared-error";

    internal override bool TakesScaledTargets => true;
}

/// <summary>Mean of (ŷ - y)² over all numbers, as <c>torch.nn.MSELoss</c>.</summary>
public sealed record MseConfig : NumberLossConfig
{
    protected override Op Op => new MeanSquaredError();

    protected override string Name => "mse";

    internal override bool TakesScaledTargets => true;
}

/// <summary>Mean of |ŷ - y| over all numbers, as <c>torch.nn.L1Loss</c>.</summary>
public sealed record MaeConfig : NumberLossConfig
{
    protected override Op Op => new MeanAbsoluteError();

    protected override string Name => "mae";

    internal override bool TakesScaledTargets => true;
}

/// <summary>Quadratic up to delta, then linear, as <c>torch.nn.HuberLoss</c>.</summary>
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
    /// <summary>How much more a positive target counts than a negative one.</summary>
    public double PositiveWeight { get; init => field = Require.Positive(value); } = 1;

    protected override Op Op => new BinaryCrossEntropy(PositiveWeight);

    protected override string Name => "bce-with-logits";

    public override double? ExpectedAtStart(DataShape data) => PositiveWeight == 1 ? Math.Log(2) : null;
}
