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
        Evaluator? evaluator = CanJudge(samples, size) ? new Evaluator(loss, samples, classes, source.Scaling) : null;
        Action<ReadOnlySpan<float>>? take = evaluator is null ? null : part => evaluator.Add(part, size);
        EpochFigures figures = ranks?.Evaluate(source, batchSize, take) ?? model.Evaluate(source, batchSize, take);
        return (figures, evaluator?.Report());
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
        for (int i = 0; i < Math.Min(evaluation.SamplesThatTell, samples.Count); i++)
            evaluation.Add(i, zeros, output.Count);
        return [.. evaluation.Report()?.Values.Select(v => v.Name) ?? []];
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

    private static bool CanJudge(SampleSet samples, long size) =>
        samples.HasAnswers && samples.Count > 0 && (!IEvaluation.Keeps(samples) || samples.Count * size <= MostOutputs);
}
