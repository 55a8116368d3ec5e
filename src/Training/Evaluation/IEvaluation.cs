using GpuGrad.Training.Data;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Evaluation;

/// <summary>Computes metrics from the outputs for the samples of a set, which come batch by batch in order.</summary>
internal interface IEvaluation
{
    /// <summary>Number of samples that determine which metrics exist, whatever the outputs are.</summary>
    int SamplesThatTell { get; }

    /// <summary>Takes the outputs of the next samples.</summary>
    /// <param name="first">Index of the first of them.</param>
    /// <param name="outputs">Outputs [n, D], sample after sample.</param>
    /// <param name="size">D</param>
    void Add(int first, ReadOnlySpan<float> outputs, int size);

    /// <summary>The metrics of all outputs so far; null if the samples have no labels or targets.</summary>
    EvaluationReport? Report();

    /// <summary>Whether the outputs are kept until the end; otherwise each batch is summed as it comes.</summary>
    static bool Keeps(SampleSet samples) => samples.Mask is null && samples.AnswerShape is null && !samples.TargetIsInput;

    /// <summary>The evaluation for the kind of labels or targets that samples have.</summary>
    /// <param name="loss">The training loss, which defines what the outputs mean.</param>
    /// <param name="samples">The samples, with their labels or targets.</param>
    /// <param name="classes">Number of classes; 0 for regression.</param>
    /// <param name="scaling">Scaling of samples and targets; null for neither.</param>
    static IEvaluation Of(LossConfig loss, SampleSet samples, int classes, Normalization? scaling) => samples switch
    {
        { Mask: not null } => new MaskEvaluation(samples, classes),
        { TargetIsInput: true } or { Targets: not null, AnswerShape: not null } => new MapEvaluation(samples, scaling ?? Normalization.None(samples.Shape[0]), loss.Output),
        _ when samples.PositionLabels is not null || samples.PositionLabelRows is not null => new PositionEvaluation(samples, loss.Output == OutputKind.ClassLogits),
        _ => new KeptOutputs(loss, samples, classes, scaling),
    };
}
