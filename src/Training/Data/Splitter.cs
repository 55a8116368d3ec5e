using GpuGrad.Kernels.Random;

namespace GpuGrad.Training.Data;

/// <summary>Splits samples into two parts at random: the same parts for the same seed on every machine.</summary>
internal static class Splitter
{
    /// <summary>Positions, in order, of the samples that are kept and of those that are held out.</summary>
    /// <param name="samples">The samples to split; if they have labels, each class is split in the same ratio.</param>
    /// <param name="held">Number of samples to hold out; fewer than there are.</param>
    /// <param name="random">Source of randomness.</param>
    public static (int[] Kept, int[] Held) Split(SampleSet samples, int held, RandomStream random)
    {
        int[] order = random.Permutation(samples.Count);
        var isHeld = new bool[samples.Count];
        if (samples.Labels is null)
        {
            foreach (int position in order.AsSpan(0, held))
                isHeld[position] = true;
        }
        else
        {
            int[] quota = Quotas(samples.Labels, held);
            foreach (int position in order)
                isHeld[position] = quota[samples.Labels[position]]-- > 0;
        }
        int[] all = [.. Enumerable.Range(0, samples.Count)];
        return ([.. all.Where(i => !isHeld[i])], [.. all.Where(i => isHeld[i])]);
    }

    // Each class gives its share rounded down; the remainder comes from the classes that lost most by rounding.
    private static int[] Quotas(int[] labels, int held)
    {
        int classes = labels.Max() + 1;
        var counts = new long[classes];
        foreach (int label in labels)
            counts[label]++;
        int[] quota = [.. counts.Select(c => (int)(c * held / labels.Length))];
        IEnumerable<int> byLoss = Enumerable.Range(0, classes).OrderByDescending(c => counts[c] * held % labels.Length).ThenBy(c => c);
        foreach (int c in byLoss.Take(held - quota.Sum()))
            quota[c]++;
        return quota;
    }
}
