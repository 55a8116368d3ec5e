using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Logs;

/// <summary>The samples whose activations a log shows as histograms: a fixed few, spread over the validation set (else the training set).</summary>
internal static class ShownSamples
{
    private const int Most = 32;

    /// <summary>Null if no log shows any.</summary>
    public static BatchSource? Of(RunConfig config, TrainingData data)
    {
        if (!config.Log.OfType<TensorBoardConfig>().Any(l => l.Histograms > 0))
            return null;
        SampleSet samples = data.Validation ?? data.Train;
        int count = Math.Min(Math.Min(Most, samples.Count), config.Data.Batch);
        int[] chosen = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * samples.Count / count))];
        return new BatchSource("shown", samples.Pick(chosen).WithoutAnswers(), data.Normalization) { KeepsActivations = true };
    }
}
