using System.Text;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Learns the merges of a byte-pair encoding: repeatedly, the most frequent pair of neighbouring tokens becomes a token (Sennrich et al., 2016).</summary>
internal sealed class MergeTraining
{
    private readonly List<int>[] words;
    private readonly long[] counts;
    private readonly List<byte[]> tokens = [.. Enumerable.Range(0, ByteTokenizer.Count).Select(b => new[] { (byte)b })];
    private readonly Dictionary<(int, int), long> pairs = [];
    private readonly Dictionary<(int, int), HashSet<int>> places = [];

    // Of equally frequent pairs the one with the earlier tokens comes first; entries with outdated counts are skipped.
    private readonly PriorityQueue<(int, int), (long, int, int)> queue = new();

    private MergeTraining(Dictionary<string, long> counted)
    {
        KeyValuePair<string, long>[] sorted = [.. counted.OrderBy(c => c.Key, StringComparer.Ordinal)];
        words = [.. sorted.Select(c => Encoding.UTF8.GetBytes(c.Key).Select(b => (int)b).ToList())];
        counts = [.. sorted.Select(c => c.Value)];
        for (int i = 0; i < words.Length; i++)
            Add(i, 1);
        foreach ((int, int) pair in pairs.Keys)
            Enqueue(pair);
    }

    /// <summary>Learns tokens and returns them in order, as bytes.</summary>
    /// <param name="counted">Pieces of text that merges do not cross, with their counts.</param>
    /// <param name="most">Largest number of tokens; fewer if no pair occurs twice any more.</param>
    public static IReadOnlyList<byte[]> Of(Dictionary<string, long> counted, int most)
    {
        var training = new MergeTraining(counted);
        while (training.tokens.Count < ByteTokenizer.Count + most && training.Best() is (int, int) pair)
            training.Merge(pair);
        return [.. training.tokens.Skip(ByteTokenizer.Count)];
    }

    private (int First, int Second)? Best()
    {
        while (queue.TryDequeue(out (int, int) pair, out (long Count, int, int) priority))
        {
            if (pairs.GetValueOrDefault(pair) == -priority.Count)
                return -priority.Count > 1 ? pair : null;
        }
        return null;
    }

    private void Merge((int First, int Second) pair)
    {
        byte[] bytes = [.. tokens[pair.First], .. tokens[pair.Second]];
        // Two merges may give the same bytes.
        int id = tokens.FindIndex(t => t.AsSpan().SequenceEqual(bytes));
        if (id < 0)
        {
            id = tokens.Count;
            tokens.Add(bytes);
        }
        var changed = new HashSet<(int, int)>();
        foreach (int word in places[pair].Order().ToArray())
        {
            changed.UnionWith(Add(word, -1));
            Replace(words[word], pair, id);
            changed.UnionWith(Add(word, 1));
        }
        foreach ((int, int) other in changed)
            Enqueue(other);
    }

    private static void Replace(List<int> word, (int First, int Second) pair, int id)
    {
        int kept = 0;
        for (int i = 0; i < word.Count; i++)
        {
            bool both = i + 1 < word.Count && word[i] == pair.First && word[i + 1] == pair.Second;
            word[kept++] = both ? id : word[i];
            i += both ? 1 : 0;
        }
        word.RemoveRange(kept, word.Count - kept);
    }

    private List<(int, int)> Add(int word, int sign)
    {
        var found = new List<(int, int)>();
        for (int i = 0; i + 1 < words[word].Count; i++)
        {
            (int, int) pair = (words[word][i], words[word][i + 1]);
            found.Add(pair);
            pairs[pair] = pairs.GetValueOrDefault(pair) + (sign * counts[word]);
            if (!places.TryGetValue(pair, out HashSet<int>? at))
                places[pair] = at = [];
            if (sign > 0)
                at.Add(word);
            else
                at.Remove(word);
        }
        return found;
    }

    private void Enqueue((int First, int Second) pair)
    {
        if (pairs[pair] > 0)
            queue.Enqueue(pair, (-pairs[pair], pair.First, pair.Second));
    }
}
