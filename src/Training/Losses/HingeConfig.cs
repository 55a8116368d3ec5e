using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Losses;

/// <summary>Hinge losses: each wrong score costs if it is within the margin of the correct one.</summary>
public abstract record HingeFamilyConfig : LossConfig
{
    /// <summary>Margin by which the correct score should exceed the others.</summary>
    [Shorthand]
    public double Margin { get; init => field = Require.Positive(value); } = 1;

    protected abstract bool Squared { get; }

    public override BatchLoss Build(Graph graph, Tensor scores, LossTargets targets, Func<string, IReadOnlyList<double>, Tensor> constant) =>
        new(graph.Add(new Hinge(Margin, Squared), scores, targets.Labels!));

    public override string? Problem(Shape output, DataShape data) =>
        data is { Classes: > 0, Answer: not null } ? "the hinge losses take one class per sample, but the data has one for each pixel or position; use softmax-cross-entropy, dice or focal"
        : ClassScoresProblem(output, data, Squared ? "squared-hinge" : "hinge");

    public override double? ExpectedAtStart(DataShape data) => (Squared ? Margin * Margin : Margin) * (data.Classes - 1);
}

/// <summary>The multiclass hinge loss of support vector machines.</summary>
public sealed record HingeConfig : HingeFamilyConfig
{
    protected override bool Squared => false;
}

/// <summary>The hinge loss with each violation squared.</summary>
public sealed record SquaredHingeConfig : HingeFamilyConfig
{
    protected override bool Squared => true;
}
