using GpuGrad.Training.Data;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Evaluation;

/// <summary>Judges the outputs for the samples of a set, which come batch after batch in their order.</summary>
internal interface IEvaluation
{
    /// <summary>How many samples show which figures there are, whatever their outputs.</summary>
    int SamplesThatTell { get; }

    /// <summary>Takes the outputs for the next samples.</summary>
    /// <param name="first">Position of the first of them.</param>
    /// <param name="outputs">[n, D], sample after sample.</param>
    /// <param name="size">D</param>
    void Add(int first, ReadOnlySpan<float> outputs, int size);

    /// <summary>The figures of all outputs so far; null where the samples have no answer to judge by.</summary>
    EvaluationReport? Report();

    /// <summary>Whether the outputs for some samples are kept until the end; else they are judged as they come.</summary>
    static bool Keeps(SampleSet samples) => samples.Mask is null && samples.AnswerShape is null && !samples.TargetIsInput;

    /// <summary>What suits the answers of some samples.</summary>
    /// <param name="loss">What the network was trained with: tells what its outputs mean.</param>
    /// <param name="samples">The samples, with their answers.</param>
    /// <param name="classes">Number of classes; 0 where the answers are numbers.</param>
    /// <param name="scaling">How the network sees a sample, and how targets are scaled; null for neither.</param>
    static IEvaluation Of(LossConfig loss, SampleSet samples, int classes, Normalization? scaling) => samples switch
    {
        { Mask: not null } => new MaskEvaluation(samples, classes),
        { TargetIsInput: true } or { Targets: not null, AnswerShape: not null } => new MapEvaluation(samples, scaling ?? Normalization.None(samples.Shape[0]), loss.Output),
        _ when samples.PositionLabels is not null || samples.PositionLabelRows is not null => new PositionEvaluation(samples, loss.Output == OutputKind.ClassLogits),
        _ => new KeptOutputs(loss, samples, classes, scaling),
    };
}
