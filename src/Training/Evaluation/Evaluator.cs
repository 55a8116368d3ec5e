using GpuGrad.Training.Data;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Evaluation;

/// <summary>Computes metrics from a network's outputs for the samples of one set, which come batch by batch in order.</summary>
/// <param name="loss">The training loss, which defines what the outputs mean.</param>
/// <param name="samples">The samples, with their labels or targets.</param>
/// <param name="classes">Number of classes; 0 for regression.</param>
/// <param name="scaling">Scaling of samples and targets, in which the outputs still are; null for neither.</param>
public sealed class Evaluator(LossConfig loss, SampleSet samples, int classes, Normalization? scaling = null)
{
    // Limit on outputs kept until the end; beyond it the metrics would take more memory than most models.
    private const long MostOutputs = 1L << 28;

    private readonly IEvaluation evaluation = IEvaluation.Of(loss, samples, classes, scaling);
    private int count;
    private bool finite = true;

    /// <summary>Evaluates a model on a source's samples and computes the metrics of its outputs.</summary>
    /// <param name="model">A model prepared for the source and the batch size.</param>
    /// <param name="loss">The training loss.</param>
    /// <param name="source">The samples, on the device.</param>
    /// <param name="samples">The same samples.</param>
    /// <param name="classes">Number of classes; 0 for regression.</param>
    /// <param name="batchSize">Batch size.</param>
    /// <returns>Loss and accuracy, and the report; null for the report if there are too many outputs to keep, or one is not finite.</returns>
    public static (EpochFigures Figures, EvaluationReport? Report) Run(Model model, LossConfig loss, BatchSource source, SampleSet samples, int classes, int batchSize) =>
        Run(model, loss, source, samples, classes, batchSize, null);

    /// <summary>The same, with the batches distributed over ranks that all call this.</summary>
    internal static (EpochFigures Figures, EvaluationReport? Report) Run(Model model, LossConfig loss, BatchSource source, SampleSet samples, int classes, int batchSize, RankGroup? ranks)
    {
        int size = (int)Math.Min(int.MaxValue, model.Network.Output.Length);
        bool adds = samples.Mask is not null || samples.AnswerShape is not null || samples.TargetIsInput; // no outputs are kept
        if (!samples.HasAnswers || samples.Count == 0 || (!adds && samples.Count * (long)size > MostOutputs))
            return (ranks?.Evaluate(source, batchSize, null) ?? model.Evaluate(source, batchSize), null);
        var evaluator = new Evaluator(loss, samples, classes, source.Scaling);
        if (ranks is not null)
            return (ranks.Evaluate(source, batchSize, part => evaluator.Add(part, size)), evaluator.Report());
        var outputs = new float[(long)Math.Min(batchSize, samples.Count) * size];
        EpochFigures figures = model.Evaluate(source, batchSize, batch =>
        {
            Span<float> part = outputs.AsSpan(0, batch.Graph.BatchSize * size);
            batch.Plan.Read(batch.Graph.Output, part);
            evaluator.Add(part, size);
        });
        return (figures, evaluator.Report());
    }

    /// <summary>Names of the metrics that are available for some samples; none if they have no labels or targets, or are too many.</summary>
    /// <param name="loss">The training loss.</param>
    /// <param name="samples">The samples, with their labels or targets.</param>
    /// <param name="classes">Number of classes; 0 for regression.</param>
    /// <param name="output">Shape of the network's output for one sample.</param>
    public static IReadOnlyList<string> FiguresOf(LossConfig loss, SampleSet samples, int classes, Kernels.Tensors.Shape output)
    {
        if (!CanJudge(samples, output.Length))
            return [];
        IEvaluation evaluation = IEvaluation.Of(loss, samples, classes, null);
        var zeros = new float[output.Count];
        for (int i = 0; i < samples.Count; i++)
            evaluator.Add(zeros, output.Count);
        return [.. evaluator.Report()!.Values.Select(v => v.Name)];
    }

    // All samples give the same metrics, but some of the first may have no known label or target.
    private static string[] FiguresOfMaps(LossConfig loss, SampleSet samples, int classes, Kernels.Tensors.Shape output)
    {
        const int Most = 32;
        var evaluator = new Evaluator(loss, samples, classes);
        var zeros = new float[output.Count];
        for (int i = 0; i < Math.Min(Most, samples.Count); i++)
            evaluator.Add(zeros, output.Count);
        return [.. (evaluator.masks?.Report() ?? evaluator.maps?.Report())?.Values.Select(v => v.Name) ?? []];
    }

    private static string[] FiguresOfPositions(LossConfig loss, SampleSet samples, Kernels.Tensors.Shape output)
    {
        var evaluator = new Evaluator(loss, samples, output[^1]);
        evaluator.positions!.Add(0, new float[output.Count], output.Count);
        return [.. evaluator.positions.Report()?.Values.Select(v => v.Name) ?? []];
    }

    /// <summary>Takes the outputs of the next samples, [n, D].</summary>
    /// <param name="batch">The outputs, sample after sample.</param>
    /// <param name="size">D.</param>
    public void Add(ReadOnlySpan<float> batch, int size)
    {
        finite &= !batch.ContainsAnyExceptInRange(float.MinValue, float.MaxValue);
        evaluation.Add(count, batch, size);
        count += batch.Length / size;
    }

    /// <summary>The metrics, once all outputs have been added; null if one is not finite.</summary>
    public EvaluationReport? Report()
    {
        if (count != samples.Count || count == 0)
            throw new InvalidOperationException($"The outputs of {count} samples have come, of {samples.Count}.");
        return finite ? evaluation.Report() : null;
    }

    // Batches are summed, and no outputs are kept.
    private bool AddsUp => masks is not null || maps is not null || positions is not null;

    // A single number for two classes is the logit, or score, of class 1 against 0.
    private EvaluationReport Binary(int[] labels)
    {
        var scores = new double[2 * labels.Length];
        for (int i = 0; i < labels.Length; i++)
            scores[(2 * i) + 1] = outputs[i];
        return ClassEvaluation.Of(scores, loss.Output != OutputKind.Numbers, labels, classes: 2);
    }
}
