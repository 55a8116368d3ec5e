using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Data;

/// <summary>Scales regression targets so that a network learns them easily, whether a fare of 20 or a price of 200,000.</summary>
internal static class TargetScaling
{
    /// <summary>The scaling that a config requests, fitted on the training part; null for none.</summary>
    public static Normalization? Of(RunConfig run, DataSet data, SampleSet train)
    {
        Normalize? wanted = run.Data.NormalizeTargets;
        if (wanted is Normalize.Standard or Normalize.Unit && (train.Targets is null || !run.Loss.TakesScaledTargets))
            throw ConfigException.At(run.Data.Source, train.Targets is null ? "data.normalize-targets, but there are no numbers to predict; leave it out" : "data.normalize-targets, but the targets of this loss cannot be rescaled; expected mse, mae, huber or squared-error");
        Normalize kind = wanted ?? (data.Columns is not null && run.Loss.TakesScaledTargets ? Normalize.Standard : Normalize.None);
        if (kind == Normalize.None || train.Targets is not float[] targets)
            return null;
        return TrainingData.NormalizationOf(kind, new SampleSet { Shape = new Shape(train.TargetSize), Count = train.Count, Reals = targets });
    }
}
