using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Data;

/// <summary>Finds targets that a loss has no meaning for.</summary>
internal static class TargetCheck
{
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a probability that is none.</exception>
    public static void Run(RunConfig config, DataSet data)
    {
        foreach (LossConfig loss in config.Loss.Parts)
        {
            if (data.Train.TargetIsInput && loss is BinaryCrossEntropyConfig && config.Data.Normalize != Normalize.Unit)
                throw ConfigException.At(config.Loss.Source, "bce-with-logits takes targets from 0 to 1, which inputs are with 'normalize: unit'; expected that in the data section");
            if (data.Train.TargetIsInput && loss is PoissonConfig && config.Data.Normalize == Normalize.Standard)
                throw ConfigException.At(config.Loss.Source, "poisson takes counts of 0 and more, which inputs are not with 'normalize: standard'; expected 'normalize: unit' or 'none' in the data section");
            Check(loss, data.Train);
            if (data.Test is not null)
                Check(loss, data.Test);
        }
    }

    // Rounded to a few decimals, probabilities may be off by this.
    private const double SumTolerance = 0.01;

    private static void CheckSums(SampleSet samples)
    {
        if (samples.Targets is null || samples.AnswerShape is not null)
            return;
        for (int i = 0; i < samples.Count; i++)
        {
            double sum = 0;
            foreach (float share in samples.Targets.AsSpan(i * samples.TargetSize, samples.TargetSize))
                sum += share;
            if (Math.Abs(sum - 1) > SumTolerance)
                throw DataFault.In((samples.Places ?? new SamplePlaces("the data")).Of(i), string.Create(CultureInfo.InvariantCulture, $"targets that sum to {sum:G4}"), "probabilities that sum to 1, as kl-divergence takes them");
        }
    }

    private static void Check(LossConfig loss, SampleSet samples)
    {
        if (loss is KlDivergenceConfig)
            CheckSums(samples);
        if (samples.Targets is null || loss.TargetProblem(samples.Targets, out int wrong) is not string expected)
            return;
        string found = string.Create(CultureInfo.InvariantCulture, $"the target {samples.Targets[wrong]}{(samples.TargetSize > 1 ? $" (number {wrong % samples.TargetSize})" : "")}");
        throw DataFault.In((samples.Places ?? new SamplePlaces("the data")).Of(wrong / samples.TargetSize), found, expected);
    }
}
