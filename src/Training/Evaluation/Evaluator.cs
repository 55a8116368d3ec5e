using System.Globalization;
using GpuGrad.Training.Data;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Evaluation;

/// <summary>Takes a network's outputs for the samples of one set, batch after batch in their order, and judges them.</summary>
/// <param name="loss">What the network was trained with: tells what its outputs mean.</param>
/// <param name="samples">The samples, with their labels or targets.</param>
/// <param name="classes">Number of classes; 0 where the answers are numbers.</param>
public sealed class Evaluator(LossConfig loss, SampleSet samples, int classes)
{
    // What is kept until the end; beyond it the figures would take more memory than most models.
    private const long MostOutputs = 1L << 28;

    private double[] outputs = [];
    private long count;

    /// <summary>Whether so many outputs can be judged: they are kept until all are there.</summary>
    public static bool Suits(SampleSet samples, long outputSize) => (samples.Labels ?? (object?)samples.Targets) is not null && samples.Count > 0 && samples.Count * outputSize <= MostOutputs;

    /// <summary>Takes the outputs of the next samples, [n, D].</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.NonFinite"/>: a number among them is not finite.</exception>
    public void Add(ReadOnlySpan<float> batch, int size)
    {
        if (outputs.Length == 0)
            outputs = new double[checked(samples.Count * (long)size)];
        foreach (float output in batch)
        {
            if (!float.IsFinite(output))
                throw new GpuGradException(Fault.NonFinite, string.Create(CultureInfo.InvariantCulture, $"the network's output for sample {count / size} is {output}; such outputs cannot be judged"));
            outputs[count++] = output;
        }
    }

    /// <summary>The figures, once the outputs of all samples are there.</summary>
    public EvaluationReport Report()
    {
        if (count != outputs.LongLength || count == 0)
            throw new InvalidOperationException($"{count} of {outputs.LongLength} outputs have come.");
        int size = outputs.Length / samples.Count;
        if (classes > 0)
            return size == 1 ? Binary(samples.Labels!) : ClassEvaluation.Of(outputs, loss is SoftmaxCrossEntropyConfig, samples.Labels!, classes);
        float[] targets = samples.Targets!;
        if (loss is BinaryCrossEntropyConfig && Array.TrueForAll(targets, t => t is 0 or 1))
            return size == 1 ? Binary(Array.ConvertAll(targets, t => (int)t)) : LabelEvaluation.Of(outputs, Array.ConvertAll(targets, t => t == 1), size);
        return NumberEvaluation.Of(outputs, Array.ConvertAll(targets, t => (double)t), size);
    }

    // One number for two classes is the logit, or the score, of class 1 against 0.
    private EvaluationReport Binary(int[] labels)
    {
        var scores = new double[2 * labels.Length];
        for (int i = 0; i < labels.Length; i++)
            scores[(2 * i) + 1] = outputs[i];
        return ClassEvaluation.Of(scores, loss is BinaryCrossEntropyConfig, labels, classes: 2);
    }
}
