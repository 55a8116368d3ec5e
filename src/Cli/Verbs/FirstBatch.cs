using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

/// <summary>The samples for a tool that inspects a single batch.</summary>
internal sealed record FirstBatch(SampleSet Samples, Normalization Normalization, DataShape Shape, string Origin)
{
    /// <summary>Takes the first samples of the config's data set, or random ones if it has none.</summary>
    /// <param name="loaded">The experiment.</param>
    /// <param name="size">Number of samples, for the given network.</param>
    /// <param name="output">Reports what is loaded.</param>
    /// <param name="only">Position of the only sample wanted; null for as many as <paramref name="size"/> says.</param>
    public static FirstBatch Of(LoadedConfig loaded, Func<Network, int> size, Output output, int? only = null)
    {
        DataConfig data = loaded.Config.Data;
        if (data.Dataset is not null)
        {
            TrainingData all = ConfigVerb.LoadData(loaded, output);
            if (only >= all.Train.Count)
                throw new GpuGradException(Fault.Config, $"sample {only}; expected a number from 0 to {all.Train.Count - 1}");
            int count = Math.Min(size(ModelCheck.Check(loaded.Config, all.Shape)), all.Train.Count);
            // Spread over the whole set: files are often sorted by class.
            int[] places = only is int one ? [one] : [.. Enumerable.Range(0, count).Select(i => (int)((long)i * all.Train.Count / count))];
            return new FirstBatch(all.Train.Pick(places), all.Normalization, all.Shape, all.Origin);
        }
        DataShape shape = data.KnownShape
            ?? throw ConfigException.At(data.Source, "the shape of the data is not known; give data.dataset, or data.shape and data.classes");
        Network network = ModelCheck.Check(loaded.Config, shape);
        return new FirstBatch(StepBatch.Random(network, shape, only is null ? size(network) : 1, loaded.Config.Seed + (ulong)(only ?? 0)), Normalization.None(shape.Shape[0]), shape, "random numbers");
    }
}
