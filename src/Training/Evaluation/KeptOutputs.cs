using GpuGrad.Training.Data;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Evaluation;

/// <summary>Metrics of samples with a class, labels or numbers each. All outputs are kept, because areas under curves and ranks need them together.</summary>
/// <param name="loss">The training loss, which defines what the outputs mean.</param>
/// <param name="samples">The samples, with their labels or targets.</param>
/// <param name="classes">Number of classes; 0 where the answers are numbers.</param>
/// <param name="scaling">Scaling of the targets, which the outputs still have; null for none.</param>
internal sealed class KeptOutputs(LossConfig loss, SampleSet samples, int classes, Normalization? scaling) : IEvaluation
{
    private double[] outputs = [];

    public int SamplesThatTell => samples.Count;

    public void Add(int first, ReadOnlySpan<float> batch, int size)
    {
        if (outputs.Length == 0)
            outputs = new double[checked(samples.Count * (long)size)];
        long at = (long)first * size;
        foreach (float output in batch)
            outputs[at++] = output;
    }

    public EvaluationReport? Report()
    {
        if (samples.Labels is null && samples.Targets is null)
            return null;
        int size = outputs.Length / samples.Count;
        if (classes > 0)
            return size == 1 ? Binary(samples.Labels!) : ClassEvaluation.Of(outputs, loss.Output == OutputKind.ClassLogits, samples.Labels!, classes);
        float[] targets = samples.Targets!;
        if (loss.Output == OutputKind.BinaryLogits && Array.TrueForAll(targets, t => t is 0 or 1))
            return size == 1 ? Binary(Array.ConvertAll(targets, t => (int)t)) : LabelEvaluation.Of(outputs, Array.ConvertAll(targets, t => t == 1), size);
        scaling?.Targets?.Undo(outputs);
        outputs = OutputMeaning.Of(loss.Output, outputs, size);
        return NumberEvaluation.Of(outputs, Array.ConvertAll(targets, t => (double)t), size);
    }

    // One number for two classes is the logit, or the score, of class 1 against 0.
    private EvaluationReport Binary(int[] labels)
    {
        var scores = new double[2 * labels.Length];
        for (int i = 0; i < labels.Length; i++)
            scores[(2 * i) + 1] = outputs[i];
        return ClassEvaluation.Of(scores, loss.Output != OutputKind.Numbers, labels, classes: 2);
    }
}
