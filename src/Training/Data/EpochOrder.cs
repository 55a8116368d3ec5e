using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Data;

/// <summary>The order of an epoch's samples: a function of seed and epoch only, so that a resumed run continues with the same samples.</summary>
internal static class EpochOrder
{
    /// <param name="config">Shuffling and sampling.</param>
    /// <param name="train">The training samples.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="epoch">Epoch, from 0.</param>
    public static int[] Of(DataConfig config, SampleSet train, ulong seed, int epoch)
    {
        var random = new RandomStream(seed, Purpose.Shuffle, (uint)epoch);
        if (config.Sampling == Sampling.Balanced)
            return Balanced(train.Labels!, random);
        return config.Shuffle && !config.InStreams ? random.Permutation(train.Count) : [.. Enumerable.Range(0, train.Count)];
    }

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the samples have no classes to balance.</exception>
    public static void Check(DataConfig config, SampleSet train)
    {
        if (config.Sampling == Sampling.Balanced && train.Labels is null)
            throw ConfigException.At(config.Source, "data.sampling: balanced is about the class of each sample, and these have none; expected samples with one class each, or 'sampling: uniform'");
    }

    // Each class is shuffled and repeated until it has its share; a remainder goes to random classes.
    private static int[] Balanced(int[] labels, RandomStream random)
    {
        int[][] classes = [.. labels.Select((label, i) => (label, i)).GroupBy(l => l.label, l => l.i).OrderBy(g => g.Key).Select(g => g.ToArray())];
        (int each, int left) = Math.DivRem(labels.Length, classes.Length);
        int[] luck = random.Permutation(classes.Length);
        var drawn = new List<int>(labels.Length);
        for (int c = 0; c < classes.Length; c++)
        {
            int share = each + (luck[c] < left ? 1 : 0);
            int[] order = [];
            for (int i = 0; i < share; i++)
            {
                if (i % classes[c].Length == 0)
                    order = random.Permutation(classes[c].Length);
                drawn.Add(classes[c][order[i % order.Length]]);
            }
        }
        return [.. random.Permutation(drawn.Count).Select(i => drawn[i])];
    }
}
