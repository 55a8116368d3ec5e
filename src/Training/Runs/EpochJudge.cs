using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Runs;

/// <summary>Evaluates the weights on the validation and the test samples.</summary>
internal sealed class EpochJudge(RunConfig config, TrainingData data, Model model, RunSources sources, Monitor monitor, RankGroup? ranks)
{
    // Loss and accuracy are summed on the device. The other metrics need every output on the host, which is too much per epoch for many samples of
    // many classes, unless a metric is monitored.
    private const long MostOutputs = 1 << 22;

    /// <summary>The report of an epoch with the metrics of both sets.</summary>
    public EpochReport Judge(EpochReport trained)
    {
        (EpochFigures? Figures, EvaluationReport? Report) validation = OfEpoch(sources.Validation, data.Validation), test = OfEpoch(sources.Test, data.Test);
        return trained with { Validation = validation.Figures, ValidationReport = validation.Report, Test = test.Figures, TestReport = test.Report };
    }

    /// <summary>All metrics of the available sets, by set name; computed by this process alone.</summary>
    public IReadOnlyDictionary<string, (EpochFigures Figures, EvaluationReport? Report)> All()
    {
        var judged = new Dictionary<string, (EpochFigures, EvaluationReport?)>();
        foreach ((BatchSource? source, SampleSet? samples) in new[] { (sources.Validation, data.Validation), (sources.Test, data.Test) })
        {
            if (source is not null)
                judged[source.Name] = Whole(source, samples!, null);
        }
        return judged;
    }

    private (EpochFigures?, EvaluationReport?) OfEpoch(BatchSource? source, SampleSet? samples)
    {
        if (source is null)
            return (null, null);
        return samples!.Count * model.Network.Output.Length <= MostOutputs || monitor.Asked.Any() ? Whole(source, samples, ranks)
            : (ranks?.Evaluate(source, config.Data.Batch, null) ?? model.Evaluate(source, config.Data.Batch), null);
    }

    private (EpochFigures Figures, EvaluationReport? Report) Whole(BatchSource source, SampleSet samples, RankGroup? together) =>
        Evaluator.Run(model, config.Loss, source, samples, data.Shape.Classes, config.Data.Batch, together);
}
