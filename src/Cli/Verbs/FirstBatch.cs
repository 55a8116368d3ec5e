using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

/// <summary>The samples that a tool which looks at a single batch works with.</summary>
internal sealed record FirstBatch(SampleSet Samples, Normalization Normalization, DataShape Shape, string Origin)
{
    /// <summary>The first samples of the config's data set, or random ones where it has none.</summary>
    /// <param name="loaded">The experiment.</param>
    /// <param name="size">How many; given the network's shape.</param>
    /// <param name="output">Told what is loaded.</param>
    /// <param name="only">The position of the only sample that is wanted; null for as many as the size says.</param>
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
