using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Data;

/// <summary>Finds targets that are not valid for a loss.</summary>
internal static class TargetCheck
{
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: an invalid probability, or a count below 0.</exception>
    public static void Run(RunConfig config, DataSet data)
    {
        foreach (LossConfig loss in config.Loss.Parts)
        {
            if (data.Train.TargetIsInput && loss.InputProblem(config.Data.Normalize) is string problem)
                throw ConfigException.At(config.Loss.Source, problem);
            Check(loss, data.Train);
            if (data.Test is not null)
                Check(loss, data.Test);
        }
    }

    private static void Check(LossConfig loss, SampleSet samples)
    {
        if (samples.Targets is null || loss.FirstBadTarget(samples.Targets, samples.AnswerShape is null ? samples.TargetSize : null) is not BadTarget bad)
            return;
        string found = bad.Found ?? string.Create(CultureInfo.InvariantCulture, $"the target {samples.Targets[bad.At]}{(samples.TargetSize > 1 ? $" (number {bad.At % samples.TargetSize})" : "")}");
        throw DataFault.In((samples.Places ?? new SamplePlaces("the data")).OfAnswer(bad.At / samples.TargetSize), found, bad.Expected);
    }
}
