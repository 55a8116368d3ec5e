using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Logs;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Runs;

/// <summary>The samples of a run, in batches: for training, for evaluation, and for the activations in a log.</summary>
internal sealed class RunSources
{
    public RunSources(RunConfig config, TrainingData data)
    {
        int batch = config.Data.Batch;
        Train = new BatchSource("train", data.Train, data.Normalization, data.Augmentation, batch);
        Validation = data.Validation is null ? null : new BatchSource("validation", data.Validation, data.Normalization, batch: batch);
        Test = data.Test is null ? null : new BatchSource("test", data.Test, data.Normalization, batch: batch);
        Shown = ShownSamples.Of(config, data);
        EpochSize = config.Data.DropLast && Train.Count >= batch ? Train.Count / batch * batch : Train.Count;
        long samplesPerStep = (long)batch * config.Train.Accumulate;
        StepsPerEpoch = (int)((EpochSize + samplesPerStep - 1) / samplesPerStep);
    }

    public BatchSource Train { get; }

    public BatchSource? Validation { get; }

    public BatchSource? Test { get; }

    /// <summary>Samples whose activations are logged; null for none.</summary>
    public BatchSource? Shown { get; }

    /// <summary>Number of samples per epoch.</summary>
    public int EpochSize { get; }

    /// <summary>Number of optimizer steps per epoch.</summary>
    public int StepsPerEpoch { get; }

    public IReadOnlyList<BatchSource> Evaluated => [.. new[] { Validation, Test, Shown }.OfType<BatchSource>()];
}
