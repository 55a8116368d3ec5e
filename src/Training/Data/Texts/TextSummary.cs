namespace GpuGrad.Training.Data.Texts;

/// <summary>Statistics of the texts of a training part.</summary>
/// <param name="Tokens">Kind of token.</param>
/// <param name="Known">Number of tokens in the vocabulary.</param>
/// <param name="Size">Number of ids, unused ones included.</param>
/// <param name="Count">Number of tokens in the training part.</param>
/// <param name="Unknown">Number of those that are not in the vocabulary.</param>
/// <param name="Lengths">Smallest, median and largest number of tokens per text, as the network gets them; null for a single text.</param>
/// <param name="Frequent">The most frequent tokens with their counts.</param>
public sealed record TextSummary(TextTokens Tokens, int Known, int Size, long Count, long Unknown, (int Least, int Median, int Most)? Lengths, IReadOnlyList<KeyValuePair<string, long>> Frequent)
{
    private const int MostFrequent = 12;

    public static TextSummary Of(TextVocabulary vocabulary, SampleSet train)
    {
        var counts = new long[vocabulary.Size];
        if (train.PositionLabelRows is { } stream)
            stream.AddCounts(counts);
        else
            AddCounts(train, counts);
        int[] lengths = train.PositionLabelRows is null ? [.. Enumerable.Range(0, train.Count).Select(i => train.Lengths?[i] ?? train.Shape[0]).Order()] : [];
        return new TextSummary(
            vocabulary.Tokens,
            Enumerable.Range(0, vocabulary.Size).Count(vocabulary.IsText),
            vocabulary.Size,
            counts.Sum(),
            vocabulary.Tokens == TextTokens.Bytes ? 0 : counts[TextVocabulary.Unknown],
            lengths.Length == 0 ? null : (lengths[0], lengths[lengths.Length / 2], lengths[^1]),
            [.. counts.Select((count, id) => (count, id)).Where(c => c.count > 0 && vocabulary.IsText(c.id)).OrderByDescending(c => c.count).ThenBy(c => c.id).Take(MostFrequent)
                .Select(c => KeyValuePair.Create(vocabulary.NameOf(c.id), c.count))]);
    }

    private static void AddCounts(SampleSet samples, long[] counts)
    {
        var ids = new double[samples.Shape.Count];
        for (int i = 0; i < samples.Count; i++)
        {
            samples.Read((long)i * ids.Length, ids);
            foreach (double id in ids.AsSpan(0, samples.Lengths?[i] ?? ids.Length))
                counts[(int)id]++;
        }
    }
}
