using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Data;

/// <summary>Finds targets that a loss has no meaning for.</summary>
internal static class TargetCheck
{
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a probability that is none.</exception>
    public static void Run(RunConfig config, DataSet data)
    {
        if (config.Loss is not BinaryCrossEntropyConfig)
            return;
        Check(data.Train);
        if (data.Test is not null)
            Check(data.Test);
    }

    private static void Check(SampleSet samples)
    {
        int wrong = samples.Targets is null ? -1 : samples.Targets.AsSpan().IndexOfAnyExceptInRange(0, 1);
        if (wrong < 0)
            return;
        string found = string.Create(CultureInfo.InvariantCulture, $"the target {samples.Targets![wrong]}{(samples.TargetSize > 1 ? $" (number {wrong % samples.TargetSize})" : "")}");
        throw DataFault.In((samples.Places ?? new SamplePlaces("the data")).Of(wrong / samples.TargetSize), found, "0 to 1, as bce-with-logits takes probabilities");
    }
}
